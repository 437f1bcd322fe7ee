//! Waits for other processes.

use std::thread;
use std::time::{Duration, Instant};

/// Limit of the wait for a daemon to start or to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// The pause between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(2);

/// A deadline that is waited for in short pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    end: Instant,
}

impl Patience {
    pub(super) fn new() -> Patience {
        Patience::of(PATIENCE)
    }

    pub(super) fn of(wait: Duration) -> Patience {
        Patience {
            end: Instant::now() + wait,
        }
    }

    pub(super) fn is_left(self) -> bool {
        Instant::now() < self.end
    }

    pub(super) fn pause(self) {
        thread::sleep(PAUSE.min(self.end.saturating_duration_since(Instant::now())));
    }
}
