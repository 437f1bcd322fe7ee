//! The health of the store, judged by the last reads and writes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, mem};

use port_registry::{Answer, Error, Registry};

use crate::api_error::ApiError;
use crate::log;

/// Tests if the request with this answer wrote to the store.
pub(super) fn is_write(answer: &Answer) -> bool {
    match answer {
        Answer::Allocated(_) | Answer::Moved(_) => true,
        Answer::Released(released) => !released.is_empty(),
        // Recording a checkout is a write too, but its answer does not show it.
        _ => false,
    }
}

/// Notes failures of the store and changes of its file by others. Each is logged once, and so is its end.
#[derive(Debug, Default)]
pub(crate) struct StoreHealth {
    state: Mutex<StoreState>,
}

#[derive(Debug, Default)]
struct StoreState {
    /// Number of writes that failed since one succeeded.
    failed_writes: u64,
    /// The last read failed.
    is_unreadable: bool,
    /// The file was gone when it was last looked for.
    is_missing: bool,
    /// Number of times for which the file is known to have been removed or replaced.
    replacements: u64,
}

impl StoreHealth {
    /// Notes that a write failed. Logs only the first failure until a write succeeds.
    pub(crate) fn note_failure(&self, error: &ApiError) {
        let mut state = self.state();
        state.failed_writes += 1;
        if state.failed_writes == 1 && !state.is_unreadable {
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
        let mut state = self.state();
        let failures = mem::take(&mut state.failed_writes);
        state.is_unreadable = false;
        if failures > 0 {
            log::line(format_args!(
                "the store works again; failed writes: {failures}"
            ));
        }
    }

    /// Notes the outcome of work that read from the store. Blocks.
    pub(crate) fn note_read(&self, registry: &Registry, error: Option<&ApiError>) {
        let is_failure = error.is_some_and(ApiError::is_failure);
        let was_unreadable = self.state().is_unreadable;
        if was_unreadable && !is_failure && registry.try_read().is_ok() {
            let mut state = self.state();
            state.is_unreadable = false;
            if state.failed_writes == 0 {
                log::line(format_args!("the store works again"));
            }
        }
        if let Some(error) = error
            && is_failure
            && !was_unreadable
        {
            let mut state = self.state();
            state.is_unreadable = true;
            if state.failed_writes == 0 {
                log::line(format_args!("{error}"));
            }
        }
        self.note_file(registry);
    }

    /// Notes if other programs have removed, replaced or restored the file.
    pub(super) fn note_file(&self, registry: &Registry) {
        let mut state = self.state();
        let replacements = registry.file_replacements();
        let is_replaced = mem::replace(&mut state.replacements, replacements) != replacements;
        let is_failing = state.is_unreadable || state.failed_writes > 0;
        if is_failing || !is_replaced && !state.is_missing {
            return;
        }
        let path = registry.path().display();
        // An empty file counts as none.
        let is_missing = fs::metadata(registry.path()).map_or(true, |it| it.len() == 0);
        match (mem::replace(&mut state.is_missing, is_missing), is_missing) {
            (false, true) => log::line(format_args!(
                "the registry {path} was removed or moved away; the next allocation creates a new one"
            )),
            (true, false) => log::line(format_args!("there is a registry at {path} again")),
            (false, false) => log::line(format_args!(
                "the registry {path} was replaced by another file, which is used from now on"
            )),
            (true, true) => {}
        }
    }

    /// Reads from the store, and also writes to it if the last write failed. Blocks.
    pub(crate) fn examine(&self, registry: &Registry) -> Result<(), Error> {
        if let Err(error) = registry.try_read() {
            self.note_read(registry, Some(&ApiError::from(&error)));
            return Err(error);
        }
        if self.state().failed_writes > 0 {
            registry.try_write()?;
            self.note_success();
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
