//! Deadlines for calls that wait for other processes.

use std::thread;
use std::time::{Duration, Instant};

/// The moment after which a call gives up waiting for other processes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    wait: Duration,
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

    /// Returns the whole wait that was granted, for error messages.
    pub(crate) fn wait(self) -> Duration {
        self.wait
    }

    pub(crate) fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
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
}
