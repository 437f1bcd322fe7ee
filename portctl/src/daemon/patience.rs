//! Polls for changes that other processes make.

use std::thread;
use std::time::{Duration, Instant};

/// Time limit for a daemon to start or stop.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Polling interval.
pub(super) const PAUSE: Duration = Duration::from_millis(2);

/// A deadline for polling.
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
