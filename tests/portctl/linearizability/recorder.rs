//! Writing down what clients ask and what they are told.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Instant;

use super::backends::{Backend, Outcome};
use test_support::checker::{Event, History};
use test_support::model::{Answer, Model, Op};

/// The operations of the clients of a registry, all of whose ports are free.
pub(crate) type ClientHistory = History<Model<RangeInclusive<u16>>>;

pub(crate) struct Recorder {
    start: Instant,
    events: Mutex<ClientHistory>,
}

impl Recorder {
    pub(crate) fn start() -> Recorder {
        Recorder {
            start: Instant::now(),
            events: Mutex::default(),
        }
    }

    /// Asks, and keeps what may have had an effect or tells of one.
    pub(crate) fn ask(&self, client: &str, backend: &mut dyn Backend, op: Op) -> Option<Answer> {
        let invoked = self.start.elapsed();
        let outcome = backend.ask(&op);
        let end = self.start.elapsed();
        let answer = match outcome {
            Outcome::Answered(answer) => Some(answer),
            Outcome::Unknown if op.is_write() => None,
            Outcome::Unknown | Outcome::NothingDone => return None,
        };
        self.events.lock().unwrap().push(Event {
            client: client.to_owned(),
            op,
            invoked,
            answered: answer.clone().map(|answer| (answer, end)),
        });
        answer
    }

    pub(crate) fn history(self) -> ClientHistory {
        self.events.into_inner().unwrap()
    }
}
