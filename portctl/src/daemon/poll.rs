//! Polls for changes that other processes make.

use std::thread;
use std::time::{Duration, Instant};

/// Time limit for a daemon to start or stop.
pub(super) const START_STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// Polling interval.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A deadline for polling.
#[derive(Clone, Copy, Debug)]
pub(super) struct PollDeadline {
    end: Instant,
}

impl PollDeadline {
    pub(super) fn new() -> PollDeadline {
        PollDeadline::of(START_STOP_TIMEOUT)
    }

    pub(super) fn of(wait: Duration) -> PollDeadline {
        PollDeadline {
            end: Instant::now() + wait,
        }
    }

    pub(super) fn is_left(self) -> bool {
        Instant::now() < self.end
    }

    pub(super) fn pause(self) {
        thread::sleep(POLL_INTERVAL.min(self.end.saturating_duration_since(Instant::now())));
    }
}
