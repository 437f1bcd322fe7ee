//! Tests of the linearizability checker, which compare it with a search through every order.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;
use test_support::checker::{Event, Sequential, linearize};

/// A register that holds a number, initially 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Register(u64);

#[derive(Clone, Copy, Debug)]
enum RegisterOp {
    Write(u64),
    Read,
    /// Reads the number and resets it to 0.
    Take,
}

impl Sequential for Register {
    type Op = RegisterOp;
    type Answer = u64;

    /// A write returns the number that it wrote.
    fn step(&self, op: &RegisterOp, answer: Option<&u64>) -> Option<Register> {
        let (next, expected) = match *op {
            RegisterOp::Write(number) => (number, number),
            RegisterOp::Read => (self.0, self.0),
            RegisterOp::Take => (0, self.0),
        };
        (answer.is_none_or(|answer| *answer == expected)).then_some(Register(next))
    }
}

type RegisterEvent = Event<RegisterOp, u64>;

fn at(moment: u64) -> Duration {
    Duration::from_millis(moment)
}

fn event(during: Range<u64>, op: RegisterOp, answer: u64) -> RegisterEvent {
    Event {
        answered: Some((answer, at(during.end))),
        ..unanswered(during.start, op)
    }
}

fn unanswered(invoked: u64, op: RegisterOp) -> RegisterEvent {
    Event {
        client: "client".to_owned(),
        op,
        invoked: at(invoked),
        answered: None,
    }
}

/// Returns an order that explains a history. Returns `None` if there is none.
fn order(history: &[RegisterEvent]) -> Option<Vec<usize>> {
    let found = linearize(&Register::default(), history);
    found.is_linearizable.then_some(found.order)
}

#[test]
fn empty_history_is_linearizable() {
    assert_eq!(order(&[]), Some(vec![]));
}

#[test]
fn overlapping_operations_may_take_effect_in_either_order() {
    let writes = [
        event(0..3, RegisterOp::Write(1), 1),
        event(1..4, RegisterOp::Write(2), 2),
    ];
    for (read, expected) in [(2, vec![0, 1, 2]), (1, vec![1, 0, 2])] {
        let mut history = writes.to_vec();
        history.push(event(5..6, RegisterOp::Read, read));
        assert_eq!(order(&history), Some(expected));
    }
}

#[test]
fn read_may_or_may_not_see_an_overlapping_write() {
    for read in [0, 1] {
        let history = [
            event(0..3, RegisterOp::Write(1), 1),
            event(1..2, RegisterOp::Read, read),
        ];
        assert!(order(&history).is_some());
    }
}

#[test]
fn stale_read_after_a_finished_write_is_rejected() {
    let history = [
        event(0..1, RegisterOp::Write(1), 1),
        event(2..3, RegisterOp::Read, 0),
    ];
    assert_eq!(order(&history), None);
}

#[test]
fn reads_that_see_two_writes_in_opposite_orders_are_rejected() {
    let history = [
        event(0..9, RegisterOp::Write(1), 1),
        event(0..9, RegisterOp::Write(2), 2),
        event(1..2, RegisterOp::Read, 1),
        event(3..4, RegisterOp::Read, 2),
        event(5..6, RegisterOp::Read, 1),
    ];
    assert_eq!(order(&history), None);
    assert!(order(&history[..4]).is_some());
}

#[test]
fn number_cannot_be_taken_twice() {
    let history = [
        event(0..1, RegisterOp::Write(1), 1),
        event(2..5, RegisterOp::Take, 1),
        event(3..6, RegisterOp::Take, 1),
    ];
    assert_eq!(order(&history), None);
    let [write, take, mut other] = history;
    other.answered = Some((0, at(6)));
    assert_eq!(order(&[write, take, other]), Some(vec![0, 1, 2]));
}

#[test]
fn write_of_the_current_number_may_take_effect_later() {
    let history = [
        event(0..3, RegisterOp::Write(0), 0),
        event(0..3, RegisterOp::Write(1), 1),
        event(4..5, RegisterOp::Read, 0),
    ];
    assert_eq!(order(&history), Some(vec![1, 0, 2]));
}

#[test]
fn unanswered_write_may_take_effect_late() {
    let history = [
        unanswered(0, RegisterOp::Write(1)),
        event(10..11, RegisterOp::Read, 0),
        event(20..21, RegisterOp::Read, 1),
    ];
    assert_eq!(order(&history), Some(vec![1, 0, 2]));
}

#[test]
fn unanswered_write_may_never_take_effect() {
    let history = [
        unanswered(0, RegisterOp::Write(1)),
        event(10..11, RegisterOp::Read, 0),
    ];
    assert_eq!(order(&history), Some(vec![1]));
}

#[test]
fn unanswered_write_takes_effect_at_most_once() {
    let history = [
        unanswered(0, RegisterOp::Write(1)),
        event(1..2, RegisterOp::Take, 1),
        event(3..4, RegisterOp::Take, 1),
    ];
    assert_eq!(order(&history), None);
}

#[test]
fn unanswered_write_takes_no_effect_before_its_invocation() {
    let history = [
        event(0..1, RegisterOp::Read, 1),
        unanswered(2, RegisterOp::Write(1)),
    ];
    assert_eq!(order(&history), None);
}

#[test]
fn rejected_history_comes_with_the_longest_order_found() {
    let history = [
        event(0..1, RegisterOp::Write(1), 1),
        event(2..3, RegisterOp::Read, 1),
        event(4..5, RegisterOp::Read, 0),
    ];
    let found = linearize(&Register::default(), &history);
    assert!(!found.is_linearizable);
    assert_eq!(found.order, [0, 1]);
}

/// Returns true if an order explains the remaining events. Tries every order.
fn is_linearizable_by_brute_force(state: &Register, left: &[RegisterEvent]) -> bool {
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
        next.is_some_and(|next| is_linearizable_by_brute_force(&next, &left))
    })
}

#[test]
fn small_histories_are_judged_as_by_a_search_through_every_order() {
    let mut random = Rng::with_seed(1);
    let mut accepted = 0;
    for _ in 0..4000 {
        let history: Vec<_> = (0..2 + random.u64(..4))
            .map(|_| {
                let begin = random.u64(..10);
                let op = match random.u64(..3) {
                    0 => RegisterOp::Write(random.u64(..3)),
                    1 => RegisterOp::Read,
                    _ => RegisterOp::Take,
                };
                let answer = match op {
                    RegisterOp::Write(number) => number,
                    RegisterOp::Read | RegisterOp::Take => random.u64(..3),
                };
                match random.u64(..5) {
                    0 => unanswered(begin, op),
                    _ => event(begin..begin + random.u64(..6), op, answer),
                }
            })
            .collect();
        let expected = is_linearizable_by_brute_force(&Register::default(), &history);
        assert_eq!(order(&history).is_some(), expected, "{history:#?}");
        accepted += u32::from(expected);
    }
    // The comparison means little unless both verdicts are frequent.
    assert!((400..3600).contains(&accepted), "{accepted}");
}
