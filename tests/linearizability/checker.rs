//! Whether one order explains what concurrent clients were told: the search of Wing and Gong, with
//! Lowe's memory of what was tried before.
//!
//! It knows nothing of registries: [`Sequential`] is whatever can be asked by one client at a time.

use std::collections::HashSet;
use std::fmt::{self, Display, Write};
use std::hash::Hash;
use std::time::Duration;

/// Something that is asked one thing after the other.
pub(crate) trait Sequential: Clone + Eq + Hash {
    type Op;
    type Answer;

    /// What it is after the operation; `None` if it would have answered otherwise. Where no answer
    /// is known, any is right.
    fn step(&self, op: &Self::Op, answer: Option<&Self::Answer>) -> Option<Self>;
}

/// One operation of a client. The moments count from the beginning of the history.
#[derive(Clone, Debug)]
pub(crate) struct Event<Op, Answer> {
    pub(crate) client: String,
    pub(crate) op: Op,
    pub(crate) invoked: Duration,
    /// What was answered, and when. Without an answer the operation took effect at any moment after
    /// its invocation, or never.
    pub(crate) answered: Option<(Answer, Duration)>,
}

pub(crate) type History<S> = Vec<Event<<S as Sequential>::Op, <S as Sequential>::Answer>>;

/// How a search ended.
#[derive(Debug)]
pub(crate) struct Found {
    /// Whether all answers can be explained.
    pub(crate) is_linearizable: bool,
    /// The order that explains them; if there is none, the longest that was come upon. The numbers
    /// are those of the events in the history. Operations without an answer that nothing depends on
    /// are left out.
    pub(crate) order: Vec<usize>,
    /// How many different situations were looked at.
    pub(crate) tried: usize,
}

/// Searches for an order of the events in which each is answered as it was, and none comes before one
/// that had ended when it began.
pub(crate) fn linearize<S: Sequential>(start: &S, history: &[Event<S::Op, S::Answer>]) -> Found {
    let ended_before = |moment: Duration| {
        let ends = history.iter().map(|it| Some(it.answered.as_ref()?.1));
        Set::of(ends.map(|end| end.is_some_and(|end| end < moment)))
    };
    let mut search = Search {
        history,
        earlier: history.iter().map(|it| ended_before(it.invoked)).collect(),
        answered: Set::of(history.iter().map(|it| it.answered.is_some())),
        tried: HashSet::new(),
        order: Vec::new(),
        longest: Vec::new(),
    };
    let is_linearizable = search.go_on(Set::EMPTY, start);
    Found {
        is_linearizable,
        order: if is_linearizable {
            search.order
        } else {
            search.longest
        },
        tried: search.tried.len(),
    }
}

/// Some of the events of a history, which has 128 at most.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Set(u128);

impl Set {
    const EMPTY: Set = Set(0);

    fn of(is_in: impl Iterator<Item = bool>) -> Set {
        let numbers = is_in
            .enumerate()
            .filter_map(|(number, is_in)| is_in.then_some(number));
        numbers.fold(Set::EMPTY, Set::with)
    }

    fn with(self, number: usize) -> Set {
        assert!(number < 128, "the history is too long");
        Set(self.0 | 1 << number)
    }

    fn has_all_of(self, others: Set) -> bool {
        others.0 & !self.0 == 0
    }
}

struct Search<'a, S: Sequential> {
    history: &'a [Event<S::Op, S::Answer>],
    /// For each event, those that had ended when it began.
    earlier: Vec<Set>,
    answered: Set,
    /// Where the search has been in vain, or is.
    tried: HashSet<(Set, S)>,
    order: Vec<usize>,
    longest: Vec<usize>,
}

impl<S: Sequential> Search<'_, S> {
    /// Whether an order of the events that are not done yet explains them.
    fn go_on(&mut self, done: Set, state: &S) -> bool {
        if self.order.len() > self.longest.len() {
            self.longest.clone_from(&self.order);
        }
        if done.has_all_of(self.answered) {
            return true;
        }
        // However it was come upon, the same events and the same state lead no further.
        if !self.tried.insert((done, state.clone())) {
            return false;
        }
        for (number, next) in self.next(done, state) {
            self.order.push(number);
            if self.go_on(done.with(number), &next) {
                return true;
            }
            self.order.pop();
        }
        false
    }

    /// The events that can be next, and the state after each.
    fn next(&self, done: Set, state: &S) -> Vec<(usize, S)> {
        let mut steps = Vec::new();
        for (number, event) in self.history.iter().enumerate() {
            if done.with(number) == done || !done.has_all_of(self.earlier[number]) {
                continue;
            }
            let answer = event.answered.as_ref().map(|(answer, _)| answer);
            let Some(next) = state.step(&event.op, answer) else {
                continue;
            };
            // What changes nothing and was not answered need not be at all.
            if answer.is_some() || next != *state {
                steps.push((number, next));
            }
        }
        steps.sort_by_key(|(number, _)| self.history[*number].answered.is_none());
        steps
    }
}

/// A history as people read it: in the order of the invocations, with the place of each event in an
/// order that was found.
pub(crate) struct Table<'a, Op, Answer>(pub(crate) &'a [Event<Op, Answer>], pub(crate) &'a [usize]);

impl<Op: Display, Answer: Display> Display for Table<'_, Op, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut events: Vec<_> = self.0.iter().enumerate().collect();
        events.sort_by_key(|(_, event)| event.invoked);
        writeln!(f, "order       begun       ended  client       operation")?;
        for (number, event) in events {
            let place = self.1.iter().position(|it| *it == number);
            let place = place.map_or("-".to_owned(), |place| (place + 1).to_string());
            let (mut end, mut answer) = (String::new(), "?".to_owned());
            if let Some((said, moment)) = &event.answered {
                write!(end, "{moment:.3?}")?;
                answer = said.to_string();
            }
            let begin = format!("{:.3?}", event.invoked);
            let Event { client, op, .. } = event;
            writeln!(
                f,
                "{place:>5} {begin:>11} {end:>11}  {client:<12} {op} -> {answer}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::time::Duration;

    use super::{Event, Sequential, linearize};
    use crate::random::Random;

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
        let mut random = Random::new(1);
        let mut accepted = 0;
        for _ in 0..4000 {
            let history: Vec<_> = (0..2 + random.below(4))
                .map(|_| {
                    let begin = random.below(10);
                    let op = match random.below(3) {
                        0 => Op::Write(random.below(3)),
                        1 => Op::Read,
                        _ => Op::Take,
                    };
                    let answer = match op {
                        Op::Write(number) => number,
                        Op::Read | Op::Take => random.below(3),
                    };
                    match random.below(5) {
                        0 => maybe(begin, op),
                        _ => event(begin..begin + random.below(6), op, answer),
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
}
