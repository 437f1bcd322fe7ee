//! A time limit for several attempts.

use std::time::{Duration, Instant};

/// A share of no time would fail without an attempt.
const SHORTEST: Duration = Duration::from_millis(1);

/// A time limit for several attempts in turn, each of which may use an equal share of what the earlier ones have left.
/// So one that hangs takes no time from another.
#[derive(Debug)]
pub(crate) struct SharedLimit {
    end: Instant,
    attempts_left: u32,
}

impl SharedLimit {
    /// `limit` must be far below the range of [`Instant`].
    pub(crate) fn new(limit: Duration, attempts: usize) -> SharedLimit {
        SharedLimit {
            end: Instant::now() + limit,
            attempts_left: u32::try_from(attempts).unwrap_or(u32::MAX),
        }
    }

    /// Returns the time for the next attempt.
    pub(crate) fn next(&mut self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        let share = left / self.attempts_left.max(1);
        self.attempts_left = self.attempts_left.saturating_sub(1);
        share.max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{SHORTEST, SharedLimit};

    #[test]
    fn attempts_share_what_is_left() {
        let limit = Duration::from_secs(30);
        let mut shares = SharedLimit::new(limit, 2);
        assert!(shares.next() <= limit / 2);
        let last = shares.next();
        assert!(last > limit / 2 && last <= limit, "{last:?}");
    }

    #[test]
    fn an_attempt_after_the_end_has_some_time() {
        let mut shares = SharedLimit::new(Duration::ZERO, 1);
        assert_eq!([shares.next(), shares.next()], [SHORTEST; 2]);
    }
}
