use std::panic::{self, AssertUnwindSafe};

use super::recorder::ClientHistory;
use super::round::{self, PORTS, Trouble};
use test_support::checker::{HistoryTable, linearize};
use test_support::model::{Model, ModelAnswer};
use test_support::{free_block, soak};

const ROUNDS: u64 = 21;

#[test]
fn concurrent_operations_over_both_backends_are_linearizable() {
    let first_port = free_block(PORTS);
    let mut checked = RoundTotals::default();
    for seed in 0..ROUNDS * u64::from(soak()) {
        let trouble = Trouble::ALL[usize::try_from(seed % 3).unwrap()];
        let history = panic::catch_unwind(AssertUnwindSafe(|| {
            round::record(seed, trouble, first_port)
        }));
        let history = history.unwrap_or_else(|_| panic!("seed {seed}, trouble {trouble:?}"));
        let found = linearize(&Model::new(round::range(first_port)), &history);
        assert!(
            found.is_linearizable,
            "no order explains seed {seed}, trouble {trouble:?}:\n{}",
            HistoryTable(&history, &found.order)
        );
        checked.rounds += 1;
        checked.operations += history.len();
        checked.overlaps += overlaps(&history);
        let unanswered = history.iter().filter(|it| it.answered.is_none());
        checked.unanswered += unanswered.count();
        let used = found.order.iter().map(|number| &history[*number]);
        checked.unanswered_with_effect += used.filter(|it| it.answered.is_none()).count();
        checked.most_tried = checked.most_tried.max(found.tried);
    }
    // Without overlaps and unanswered operations, the rounds would prove little.
    assert!(checked.overlaps > checked.operations, "{checked:?}");
    assert!(checked.unanswered > 0, "{checked:?}");
    print(&checked);
}

/// Totals of the checked histories.
#[derive(Debug, Default)]
struct RoundTotals {
    rounds: u64,
    operations: usize,
    /// Pairs of operations that overlapped in time.
    overlaps: usize,
    unanswered: usize,
    /// Unanswered operations that took effect.
    unanswered_with_effect: usize,
    most_tried: usize,
}

/// Counts the pairs of answered operations that overlapped in time.
fn overlaps(history: &ClientHistory) -> usize {
    let times = |number: usize| {
        let event = &history[number];
        let end = event.answered.as_ref().map(|(_, end)| *end);
        Some((event.invoked, end?))
    };
    let pairs = (0..history.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let overlap = |(one, other): &(usize, usize)| {
        let (one, other) = (times(*one)?, times(*other)?);
        Some(one.0 <= other.1 && other.0 <= one.1)
    };
    pairs.filter(|pair| overlap(pair) == Some(true)).count()
}

#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn print(checked: &RoundTotals) {
    println!("{checked:?}");
}

#[test]
fn history_with_one_forged_answer_is_rejected() {
    let first_port = free_block(PORTS);
    let is_linearizable =
        |history: &_| linearize(&Model::new(round::range(first_port)), history).is_linearizable;
    let history = round::record(0, Trouble::None, first_port);
    assert!(is_linearizable(&history));
    let mut forgeries = 0;
    for number in 0..history.len() {
        let mut forged = history.clone();
        match &mut forged[number].answered {
            // As if a failed request had used an id.
            Some((ModelAnswer::Allocated(record) | ModelAnswer::Moved(record), _)) => {
                record.id += 1;
            }
            // As if the store had lost its last allocation.
            Some((ModelAnswer::Listed(records), _)) if number == history.len() - 1 => {
                if records.pop().is_none() {
                    continue;
                }
            }
            _ => continue,
        }
        forgeries += 1;
        let event = &history[number];
        assert!(
            !is_linearizable(&forged),
            "{event:?} of\n{}",
            HistoryTable(&history, &[])
        );
    }
    assert!(forgeries > 1);
}
