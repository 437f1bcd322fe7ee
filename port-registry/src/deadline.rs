//! The time that one call may wait.

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
    // The storage engine asks its backend for locks without saying for whose sake. Its calls come
    // in on the thread that made ours, so that is where the backend finds the deadline.
    static CURRENT: Cell<Option<Deadline>> = const { Cell::new(None) };
}

/// The shortest pause between two attempts.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause: about what a commit takes on a fast disk.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);

impl Deadline {
    pub(crate) fn after(wait: Duration) -> Deadline {
        // A wait beyond what the clock can count is a wait without end, to within a century.
        const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
        Deadline {
            at: Instant::now() + wait.min(CENTURY),
            wait,
        }
    }

    /// This deadline, or one after `least` if that is later.
    pub(crate) fn or_after(self, least: Duration) -> Deadline {
        Deadline {
            at: self.at.max(Instant::now() + least),
            ..self
        }
    }

    /// The whole wait that was granted, for error messages.
    pub(crate) fn wait(self) -> Duration {
        self.wait
    }

    pub(crate) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Runs `f` with this deadline on every wait for a lock that happens in it.
    pub(crate) fn run<T>(self, f: impl FnOnce() -> T) -> T {
        struct Restore(Option<Deadline>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self)));
        f()
    }

    /// The deadline of the call that this thread is in.
    pub(crate) fn current() -> Option<Deadline> {
        CURRENT.get()
    }

    /// Calls `attempt` again and again, with pauses between, until it returns something. Returns `None` if
    /// the deadline passes first; calls `attempt` at least once.
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

#[cfg(test)]
mod tests {
    use super::Deadline;
    use std::time::Duration;

    #[test]
    fn polling_asks_once_even_when_the_deadline_has_passed() {
        let deadline = Deadline::after(Duration::ZERO);
        assert_eq!(deadline.poll(|| Ok::<_, ()>(Some(7))), Ok(Some(7)));
        assert_eq!(deadline.poll(|| Ok::<Option<u8>, ()>(None)), Ok(None));
    }

    #[test]
    fn a_deadline_is_current_only_inside_its_run() {
        assert!(Deadline::current().is_none());
        Deadline::after(Duration::MAX).run(|| {
            assert_eq!(Deadline::current().map(Deadline::wait), Some(Duration::MAX));
        });
        assert!(Deadline::current().is_none());
    }
}
