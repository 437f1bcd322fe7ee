//! Writing down what clients ask and what they are told.

use std::sync::Mutex;
use std::time::Instant;

use crate::backends::{Backend, Outcome};
use crate::checker::{Event, History};
use crate::sequential::{Answer, Model, Op};

pub(crate) struct Recorder {
    start: Instant,
    events: Mutex<History<Model>>,
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

    pub(crate) fn history(self) -> History<Model> {
        self.events.into_inner().unwrap()
    }
}
