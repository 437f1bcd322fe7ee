//! The health of the store, judged by its last writes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use port_registry::{Answer, Error, Registry};

use crate::api_error::ApiError;
use crate::log;

/// Returns whether the store was written to for this answer.
pub(super) fn is_write(answer: &Answer) -> bool {
    match answer {
        Answer::Allocated(_) | Answer::Moved(_) => true,
        Answer::Released(released) => !released.is_empty(),
        // Recording a checkout is a write too, but its answer does not show it.
        _ => false,
    }
}

/// Counts the writes that failed since one succeeded.
#[derive(Debug, Default)]
pub(crate) struct StoreHealth {
    failures: Mutex<u64>,
}

impl StoreHealth {
    /// Notes that a write failed. Logs only the first failure until a write succeeds.
    pub(crate) fn note_failure(&self, error: &ApiError) {
        let failures = {
            let mut failures = self.failures();
            *failures += 1;
            *failures
        };
        if failures == 1 {
            log::line(format_args!("{error}"));
        }
    }

    /// Notes the outcome of a batch. `Busy` says nothing about the store, so it is ignored.
    pub(crate) fn note(&self, answers: Result<&[Result<Answer, Error>], &Error>) {
        match answers {
            Ok(answers) if answers.iter().flatten().any(is_write) => self.note_success(),
            Ok(_) | Err(Error::Busy { .. }) => {}
            Err(error) => self.note_failure(&ApiError::from(error)),
        }
    }

    /// Notes that a write succeeded.
    pub(super) fn note_success(&self) {
        let failures = std::mem::take(&mut *self.failures());
        if failures > 0 {
            log::line(format_args!(
                "the store works again; failed writes: {failures}"
            ));
        }
    }

    /// Reads from the store, and also writes to it if the last write failed. Blocks.
    pub(crate) fn examine(&self, registry: &Registry) -> Result<(), Error> {
        registry.try_read()?;
        if *self.failures() > 0 {
            registry.try_write()?;
            self.note_success();
        }
        Ok(())
    }

    fn failures(&self) -> MutexGuard<'_, u64> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
