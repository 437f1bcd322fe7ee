//! Deadlines for calls that wait for other processes.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// The moment after which a call gives up waiting for other processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    wait: Duration,
}

thread_local! {
    // redb passes no context to the backend that it asks for locks, but it calls the backend on the thread of the
    // caller. So the backend finds the deadline here.
    static CURRENT: Cell<Option<Deadline>> = const { Cell::new(None) };
}

/// The shortest pause between two attempts.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause: about the duration of a commit on a fast disk.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);

impl Deadline {
    /// Makes a deadline that passes after `wait`.
    pub(crate) fn after(wait: Duration) -> Deadline {
        // An `Instant` cannot hold every wait. A century is as good as forever.
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        Deadline {
            at: Instant::now() + wait.min(CENTURY),
            wait,
        }
    }

    /// Returns this deadline, or one after `least` if that is later.
    pub(crate) fn or_after(self, least: Duration) -> Deadline {
        Deadline {
            at: self.at.max(Instant::now() + least),
            ..self
        }
    }

    /// Returns the whole wait that was granted, for error messages.
    pub(crate) fn wait(self) -> Duration {
        self.wait
    }

    pub(crate) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Makes this the deadline of the thread until the guard is dropped.
    #[must_use = "the deadline is current only while the guard lives"]
    pub(crate) fn enter(self) -> CurrentDeadline {
        CurrentDeadline {
            outer: CURRENT.replace(Some(self)),
        }
    }

    /// Returns the deadline that this thread has entered last.
    pub(crate) fn current() -> Option<Deadline> {
        CURRENT.get()
    }

    /// Calls `attempt` with pauses until it returns something. Returns `None` if the deadline passes first. Calls
    /// `attempt` at least once.
    pub(crate) fn poll<T, E>(
        self,
        mut attempt: impl FnMut() -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let mut pause = SHORTEST_PAUSE;
        loop {
            if let Some(found) = attempt()? {
                return Ok(Some(found));
            }
            let remaining = self.remaining();
            if remaining.is_zero() {
                return Ok(None);
            }
            thread::sleep(pause.min(remaining));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The guard of a deadline that a thread has entered. Dropping it restores the one before.
#[derive(Debug)]
pub(crate) struct CurrentDeadline {
    outer: Option<Deadline>,
}

impl Drop for CurrentDeadline {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use std::time::Duration;

    #[test]
    fn polling_attempts_once_even_when_the_deadline_has_passed() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.poll(|| Ok::<_, ()>(Some(7))), Ok(Some(7)));
        assert_eq!(deadline.poll(|| Ok::<Option<u8>, ()>(None)), Ok(None));
    }

    #[test]
    fn a_deadline_is_current_only_while_its_guard_lives() {
        let current = || Deadline::current().map(Deadline::wait);
        assert_eq!(current(), None);
        let outer = Deadline::after(Duration::MAX).enter();
        {
            let _inner = Deadline::after(Duration::ZERO).enter();
            assert_eq!(current(), Some(Duration::ZERO));
        }
        assert_eq!(current(), Some(Duration::MAX));
        drop(outer);
        assert_eq!(current(), None);
    }
}
