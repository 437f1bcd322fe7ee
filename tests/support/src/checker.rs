//! Whether one order explains what concurrent clients were told: the search of Wing and Gong, with
//! Lowe's memory of what was tried before.
//!
//! It knows nothing of registries: [`Sequential`] is whatever can be asked by one client at a time.

use std::collections::HashSet;
use std::fmt::{self, Display, Write};
use std::hash::Hash;
use std::time::Duration;

/// Something that is asked one thing after the other.
pub trait Sequential: Clone + Eq + Hash {
    type Op;
    type Answer;

    /// What it is after the operation; `None` if it would have answered otherwise. Where no answer
    /// is known, any is right.
    fn step(&self, op: &Self::Op, answer: Option<&Self::Answer>) -> Option<Self>;
}

/// One operation of a client. The moments count from the beginning of the history.
#[derive(Clone, Debug)]
pub struct Event<Op, Answer> {
    pub client: String,
    pub op: Op,
    pub invoked: Duration,
    /// What was answered, and when. Without an answer the operation took effect at any moment after
    /// its invocation, or never.
    pub answered: Option<(Answer, Duration)>,
}

pub type History<S> = Vec<Event<<S as Sequential>::Op, <S as Sequential>::Answer>>;

/// How a search ended.
#[derive(Debug)]
pub struct Found {
    /// Whether all answers can be explained.
    pub is_linearizable: bool,
    /// The order that explains them; if there is none, the longest that was come upon. The numbers
    /// are those of the events in the history. Operations without an answer that nothing depends on
    /// are left out.
    pub order: Vec<usize>,
    /// How many different situations were looked at.
    pub tried: usize,
}

/// Searches for an order of the events in which each is answered as it was, and none comes before one
/// that had ended when it began.
pub fn linearize<S: Sequential>(start: &S, history: &[Event<S::Op, S::Answer>]) -> Found {
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
#[derive(Debug)]
pub struct Table<'a, Op, Answer>(pub &'a [Event<Op, Answer>], pub &'a [usize]);

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
