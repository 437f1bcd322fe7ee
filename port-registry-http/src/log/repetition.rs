//! Bounds the lines that clients can cause.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

/// Time between two lines of a kind.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Admits one line of each kind, and then counts the others in intervals until there was none in one.
#[derive(Debug)]
pub(super) struct RepetitionFilter {
    kinds: BTreeMap<&'static str, CurrentInterval>,
}

#[derive(Debug)]
struct CurrentInterval {
    end: Instant,
    /// Number of lines that were not admitted.
    left_out: u64,
}

impl RepetitionFilter {
    pub(super) const fn new() -> RepetitionFilter {
        RepetitionFilter {
            kinds: BTreeMap::new(),
        }
    }

    /// Returns true if a line of this kind may be written. Otherwise counts it.
    pub(super) fn admits(&mut self, kind: &'static str, now: Instant) -> bool {
        if let Some(interval) = self.kinds.get_mut(kind) {
            interval.left_out += 1;
            return false;
        }
        let end = now + INTERVAL;
        let left_out = 0;
        self.kinds.insert(kind, CurrentInterval { end, left_out });
        true
    }

    /// Returns true if no interval has to be ended.
    pub(super) fn is_idle(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Ends the intervals that are over, and returns for each the number of lines that were left out.
    pub(super) fn end_intervals(&mut self, now: Instant) -> Vec<(&'static str, u64)> {
        self.kinds
            .retain(|_, interval| interval.left_out > 0 || now < interval.end);
        let over = self.kinds.iter_mut().filter(|it| it.1.end <= now);
        over.map(|(kind, interval)| {
            interval.end = now + INTERVAL;
            (*kind, mem::take(&mut interval.left_out))
        })
        .collect()
    }

    /// Ends all intervals, and returns for each the number of lines that were left out.
    pub(super) fn end_all(&mut self) -> Vec<(&'static str, u64)> {
        let ended = mem::take(&mut self.kinds).into_iter();
        ended
            .map(|(kind, interval)| (kind, interval.left_out))
            .filter(|it| it.1 > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{INTERVAL, RepetitionFilter};

    #[test]
    fn flood_causes_one_line_and_one_count_for_each_interval() {
        let mut filter = RepetitionFilter::new();
        let mut now = Instant::now();
        let mut admitted = 0;
        let mut counts = Vec::new();
        for number in 0..1000 {
            admitted += u32::from(filter.admits("denied", now));
            if number % 100 == 99 {
                now += INTERVAL;
                counts.extend(filter.end_intervals(now));
            }
        }
        assert_eq!(admitted, 1);
        assert_eq!(counts.len(), 10);
        assert_eq!(counts[0], ("denied", 99));
        assert_eq!(counts[9], ("denied", 100));
        assert!(filter.admits("accept", now), "other kinds are not affected");
        // After an interval without any, the next one is written again.
        now += INTERVAL;
        assert!(filter.end_intervals(now).is_empty());
        assert!(filter.is_idle());
        assert!(filter.admits("denied", now));
        assert!(!filter.admits("denied", now));
        assert_eq!(filter.end_all(), [("denied", 1)]);
        assert!(filter.is_idle());
    }
}
