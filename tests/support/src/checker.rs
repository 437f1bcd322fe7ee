//! Checks whether a history of concurrent operations is linearizable.
//!
//! Uses the search of Wing and Gong, with Lowe's memory of configurations already tried. The checker does not
//! depend on the registry: it takes any object that implements [`Sequential`].

use std::collections::HashSet;
use std::fmt::{self, Display, Write};
use std::hash::Hash;
use std::time::Duration;

/// The state of an object that handles one operation at a time.
pub trait Sequential: Clone + Eq + Hash {
    type Op;
    type Answer;

    /// Returns the state after an operation.
    ///
    /// Returns `None` if the object would have given another answer. Accepts any answer if `answer` is `None`.
    fn step(&self, op: &Self::Op, answer: Option<&Self::Answer>) -> Option<Self>;
}

/// One operation of a client. Times are relative to the start of the history.
#[derive(Clone, Debug)]
pub struct Event<Op, Answer> {
    pub client: String,
    pub op: Op,
    pub invoked: Duration,
    /// The answer and its time. An operation without an answer may take effect at any time after its
    /// invocation, or never.
    pub answered: Option<(Answer, Duration)>,
}

pub type History<S> = Vec<Event<<S as Sequential>::Op, <S as Sequential>::Answer>>;

/// Result of a search.
#[derive(Debug)]
pub struct SearchResult {
    /// True if an order explains all answers.
    pub is_linearizable: bool,
    /// Indices of events in an order that explains the history, or the longest valid order found. Leaves
    /// out unanswered operations that no answer depends on.
    pub order: Vec<usize>,
    /// Number of different configurations tried.
    pub tried: usize,
}

/// Searches for an order of the events that explains every answer. An event never comes before another that had
/// ended before its invocation.
pub fn linearize<S: Sequential>(start: &S, history: &[Event<S::Op, S::Answer>]) -> SearchResult {
    let ended_before = |moment: Duration| {
        let ends = history.iter().map(|it| Some(it.answered.as_ref()?.1));
        EventSet::of(ends.map(|end| end.is_some_and(|end| end < moment)))
    };
    let mut search = Search {
        history,
        earlier: history.iter().map(|it| ended_before(it.invoked)).collect(),
        answered: EventSet::of(history.iter().map(|it| it.answered.is_some())),
        tried: HashSet::new(),
        order: Vec::new(),
        longest: Vec::new(),
    };
    let is_linearizable = search.search(EventSet::EMPTY, start);
    SearchResult {
        is_linearizable,
        order: if is_linearizable {
            search.order
        } else {
            search.longest
        },
        tried: search.tried.len(),
    }
}

/// A set of events of a history, which has at most 128.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct EventSet(u128);

impl EventSet {
    const EMPTY: EventSet = EventSet(0);

    fn of(is_in: impl Iterator<Item = bool>) -> EventSet {
        let numbers = is_in
            .enumerate()
            .filter_map(|(number, is_in)| is_in.then_some(number));
        numbers.fold(EventSet::EMPTY, EventSet::with)
    }

    fn with(self, number: usize) -> EventSet {
        assert!(number < 128, "the history is too long");
        EventSet(self.0 | 1 << number)
    }

    fn has_all_of(self, others: EventSet) -> bool {
        others.0 & !self.0 == 0
    }
}

struct Search<'a, S: Sequential> {
    history: &'a [Event<S::Op, S::Answer>],
    /// For each event, the events that had ended before its invocation.
    earlier: Vec<EventSet>,
    answered: EventSet,
    /// Configurations whose search has failed or is in progress.
    tried: HashSet<(EventSet, S)>,
    order: Vec<usize>,
    longest: Vec<usize>,
}

impl<S: Sequential> Search<'_, S> {
    /// Returns true if an order explains the remaining events.
    fn search(&mut self, done: EventSet, state: &S) -> bool {
        if self.order.len() > self.longest.len() {
            self.longest.clone_from(&self.order);
        }
        if done.has_all_of(self.answered) {
            return true;
        }
        // The outcome depends only on the events done and the state, not on how they were reached.
        if !self.tried.insert((done, state.clone())) {
            return false;
        }
        for (number, next) in self.next(done, state) {
            self.order.push(number);
            if self.search(done.with(number), &next) {
                return true;
            }
            self.order.pop();
        }
        false
    }

    /// Returns the events that can come next, each with the state after it.
    fn next(&self, done: EventSet, state: &S) -> Vec<(usize, S)> {
        let mut steps = Vec::new();
        for (number, event) in self.history.iter().enumerate() {
            if done.with(number) == done || !done.has_all_of(self.earlier[number]) {
                continue;
            }
            let answer = event.answered.as_ref().map(|(answer, _)| answer);
            let Some(next) = state.step(&event.op, answer) else {
                continue;
            };
            // An unanswered operation without an effect can be left out of the order.
            if answer.is_some() || next != *state {
                steps.push((number, next));
            }
        }
        steps.sort_by_key(|(number, _)| self.history[*number].answered.is_none());
        steps
    }
}

/// Formats a history in order of invocation, with the position of each event in an order found.
#[derive(Debug)]
pub struct HistoryTable<'a, Op, Answer>(pub &'a [Event<Op, Answer>], pub &'a [usize]);

impl<Op: Display, Answer: Display> Display for HistoryTable<'_, Op, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut events: Vec<_> = self.0.iter().enumerate().collect();
        events.sort_by_key(|(_, event)| event.invoked);
        writeln!(f, "order       begun       ended  client       operation")?;
        for (number, event) in events {
            let place = self.1.iter().position(|it| *it == number);
            let place = place.map_or("-".to_owned(), |place| (place + 1).to_string());
            let (mut end, mut answer) = (String::new(), "?".to_owned());
            if let Some((given, moment)) = &event.answered {
                write!(end, "{moment:.3?}")?;
                answer = given.to_string();
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
