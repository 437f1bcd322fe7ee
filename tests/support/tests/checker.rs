//! The checker itself is right: it is compared with a search through every order.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;
use test_support::checker::{Event, Sequential, linearize};

/// A place for a number, which is 0 at first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Register(u64);

#[derive(Clone, Copy, Debug)]
enum Op {
    Write(u64),
    Read,
    /// Reads, and leaves 0.
    Take,
}

impl Sequential for Register {
    type Op = Op;
    type Answer = u64;

    /// A write answers what was written.
    fn step(&self, op: &Op, answer: Option<&u64>) -> Option<Register> {
        let (next, said) = match *op {
            Op::Write(number) => (number, number),
            Op::Read => (self.0, self.0),
            Op::Take => (0, self.0),
        };
        (answer.is_none_or(|answer| *answer == said)).then_some(Register(next))
    }
}

type RegisterEvent = Event<Op, u64>;

fn at(moment: u64) -> Duration {
    Duration::from_millis(moment)
}

fn event(during: Range<u64>, op: Op, answer: u64) -> RegisterEvent {
    Event {
        answered: Some((answer, at(during.end))),
        ..maybe(during.start, op)
    }
}

fn maybe(invoked: u64, op: Op) -> RegisterEvent {
    Event {
        client: "client".to_owned(),
        op,
        invoked: at(invoked),
        answered: None,
    }
}

/// The order that explains a history, if one does.
fn order(history: &[RegisterEvent]) -> Option<Vec<usize>> {
    let found = linearize(&Register::default(), history);
    found.is_linearizable.then_some(found.order)
}

#[test]
fn nothing_is_explained_by_nothing() {
    assert_eq!(order(&[]), Some(vec![]));
}

#[test]
fn operations_that_overlap_are_taken_in_either_order() {
    let writes = [event(0..3, Op::Write(1), 1), event(1..4, Op::Write(2), 2)];
    for (read, expected) in [(2, vec![0, 1, 2]), (1, vec![1, 0, 2])] {
        let mut history = writes.to_vec();
        history.push(event(5..6, Op::Read, read));
        assert_eq!(order(&history), Some(expected));
    }
}

#[test]
fn a_read_may_overlap_the_write_that_it_sees_or_does_not_see() {
    for read in [0, 1] {
        let history = [event(0..3, Op::Write(1), 1), event(1..2, Op::Read, read)];
        assert!(order(&history).is_some());
    }
}

#[test]
fn a_stale_read_after_a_write_that_ended_is_refused() {
    let history = [event(0..1, Op::Write(1), 1), event(2..3, Op::Read, 0)];
    assert_eq!(order(&history), None);
}

#[test]
fn two_reads_do_not_see_two_writes_in_opposite_orders() {
    let history = [
        event(0..9, Op::Write(1), 1),
        event(0..9, Op::Write(2), 2),
        event(1..2, Op::Read, 1),
        event(3..4, Op::Read, 2),
        event(5..6, Op::Read, 1),
    ];
    assert_eq!(order(&history), None);
    assert!(order(&history[..4]).is_some());
}

#[test]
fn what_one_takes_another_does_not() {
    let history = [
        event(0..1, Op::Write(1), 1),
        event(2..5, Op::Take, 1),
        event(3..6, Op::Take, 1),
    ];
    assert_eq!(order(&history), None);
    let [write, take, mut other] = history;
    other.answered = Some((0, at(6)));
    assert_eq!(order(&[write, take, other]), Some(vec![0, 1, 2]));
}

#[test]
fn what_would_change_nothing_now_may_be_needed_later() {
    let history = [
        event(0..3, Op::Write(0), 0),
        event(0..3, Op::Write(1), 1),
        event(4..5, Op::Read, 0),
    ];
    assert_eq!(order(&history), Some(vec![1, 0, 2]));
}

#[test]
fn a_write_without_an_answer_is_used_where_it_was_seen_however_late() {
    let history = [
        maybe(0, Op::Write(1)),
        event(10..11, Op::Read, 0),
        event(20..21, Op::Read, 1),
    ];
    assert_eq!(order(&history), Some(vec![1, 0, 2]));
}

#[test]
fn a_write_without_an_answer_may_never_take_effect() {
    let history = [maybe(0, Op::Write(1)), event(10..11, Op::Read, 0)];
    assert_eq!(order(&history), Some(vec![1]));
}

#[test]
fn a_write_without_an_answer_takes_effect_once_at_most() {
    let history = [
        maybe(0, Op::Write(1)),
        event(1..2, Op::Take, 1),
        event(3..4, Op::Take, 1),
    ];
    assert_eq!(order(&history), None);
}

#[test]
fn a_write_without_an_answer_takes_no_effect_before_it_began() {
    let history = [event(0..1, Op::Read, 1), maybe(2, Op::Write(1))];
    assert_eq!(order(&history), None);
}

#[test]
fn what_is_refused_tells_how_far_it_could_be_explained() {
    let history = [
        event(0..1, Op::Write(1), 1),
        event(2..3, Op::Read, 1),
        event(4..5, Op::Read, 0),
    ];
    let found = linearize(&Register::default(), &history);
    assert!(!found.is_linearizable);
    assert_eq!(found.order, [0, 1]);
}

/// Whether an order explains the events that are left, by trying all of them.
fn is_explained(state: &Register, left: &[RegisterEvent]) -> bool {
    if left.iter().all(|it| it.answered.is_none()) {
        return true;
    }
    (0..left.len()).any(|number| {
        let mut left = left.to_vec();
        let event = left.remove(number);
        let mut ends = left.iter().filter_map(|it| Some(it.answered.as_ref()?.1));
        if ends.any(|end| end < event.invoked) {
            return false;
        }
        let answer = event.answered.as_ref().map(|(answer, _)| answer);
        let next = state.step(&event.op, answer);
        next.is_some_and(|next| is_explained(&next, &left))
    })
}

#[test]
fn small_histories_are_judged_as_by_trying_every_order() {
    let mut random = Rng::with_seed(1);
    let mut accepted = 0;
    for _ in 0..4000 {
        let history: Vec<_> = (0..2 + random.u64(..4))
            .map(|_| {
                let begin = random.u64(..10);
                let op = match random.u64(..3) {
                    0 => Op::Write(random.u64(..3)),
                    1 => Op::Read,
                    _ => Op::Take,
                };
                let answer = match op {
                    Op::Write(number) => number,
                    Op::Read | Op::Take => random.u64(..3),
                };
                match random.u64(..5) {
                    0 => maybe(begin, op),
                    _ => event(begin..begin + random.u64(..6), op, answer),
                }
            })
            .collect();
        let expected = is_explained(&Register::default(), &history);
        assert_eq!(order(&history).is_some(), expected, "{history:#?}");
        accepted += u32::from(expected);
    }
    // Both verdicts are met often.
    assert!((400..3600).contains(&accepted), "{accepted}");
}
