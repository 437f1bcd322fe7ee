use std::panic::{self, AssertUnwindSafe};

use super::recorder::ClientHistory;
use super::round::{self, PORTS, Trouble};
use test_support::checker::{Table, linearize};
use test_support::model::{Answer, Model};
use test_support::{free_block, soak};

const ROUNDS: u64 = 21;

#[test]
fn what_clients_of_both_backends_are_told_at_once_is_explained_by_one_order() {
    let first_port = free_block(PORTS);
    let mut checked = Checked::default();
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
            Table(&history, &found.order)
        );
        checked.rounds += 1;
        checked.operations += history.len();
        checked.overlaps += overlaps(&history);
        let unanswered = history.iter().filter(|it| it.answered.is_none());
        checked.unanswered += unanswered.count();
        let used = found.order.iter().map(|number| &history[*number]);
        checked.seen_all_the_same += used.filter(|it| it.answered.is_none()).count();
        checked.most_tried = checked.most_tried.max(found.tried);
    }
    // Otherwise nothing would have been shown.
    assert!(checked.overlaps > checked.operations, "{checked:?}");
    assert!(checked.unanswered > 0, "{checked:?}");
    say(&checked);
}

/// What the histories amounted to.
#[derive(Debug, Default)]
struct Checked {
    rounds: u64,
    operations: usize,
    /// Pairs of operations that were under way at the same moment.
    overlaps: usize,
    unanswered: usize,
    /// Operations that were not answered, and took effect.
    seen_all_the_same: usize,
    most_tried: usize,
}

/// How many pairs of operations were under way at the same moment.
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

#[expect(clippy::print_stdout, reason = "for those who run it with --nocapture")]
fn say(checked: &Checked) {
    println!("{checked:?}");
}

#[test]
fn one_forged_answer_among_those_of_many_clients_is_refused() {
    let first_port = free_block(PORTS);
    let is_explained =
        |history: &_| linearize(&Model::new(round::range(first_port)), history).is_linearizable;
    let history = round::record(0, Trouble::None, first_port);
    assert!(is_explained(&history));
    let mut forgeries = 0;
    for number in 0..history.len() {
        let mut forged = history.clone();
        match &mut forged[number].answered {
            // As if the number before had been used up.
            Some((Answer::Allocated(record), _)) => record.id += 1,
            // As if the last allocation had been lost.
            Some((Answer::Listed(records), _)) if number == history.len() - 1 => {
                if records.pop().is_none() {
                    continue;
                }
            }
            _ => continue,
        }
        forgeries += 1;
        let event = &history[number];
        assert!(
            !is_explained(&forged),
            "{event:?} of\n{}",
            Table(&history, &[])
        );
    }
    assert!(forgeries > 1);
}
