//! Records operations and their answers.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Instant;

use super::backends::{OperationOutcome, RegistryClient};
use test_support::checker::{Event, History};
use test_support::model::{Model, ModelAnswer, Operation};

/// The history of a registry where all ports of the range are free.
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

    /// Performs an operation and records it. Does not record an operation that had no effect and no answer.
    pub(crate) fn ask(
        &self,
        name: &str,
        client: &mut dyn RegistryClient,
        op: Operation,
    ) -> Option<ModelAnswer> {
        let invoked = self.start.elapsed();
        let outcome = client.ask(&op);
        let end = self.start.elapsed();
        let answer = match outcome {
            OperationOutcome::Answered(answer) => Some(answer),
            OperationOutcome::Unknown if op.is_write() => None,
            OperationOutcome::Unknown | OperationOutcome::NothingDone => return None,
        };
        self.events.lock().unwrap().push(Event {
            client: name.to_owned(),
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
