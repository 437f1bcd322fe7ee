//! Detection of a kind of worker that makes no progress.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::diary::{Diary, WORKERS};

/// Maximum time without progress of a kind of worker.
const PATIENCE: Duration = Duration::from_secs(2 * 60);

/// The progress of each kind of worker, and the time at which it was first seen.
pub(super) struct StallWatch {
    kinds: [(Range<u32>, usize, Instant); WORKERS.len()],
}

impl StallWatch {
    pub(super) fn new() -> StallWatch {
        let now = Instant::now();
        StallWatch {
            kinds: WORKERS.map(|workers| (workers, 0, now)),
        }
    }

    /// Describes a kind of worker that has made no progress for too long.
    pub(super) fn stalled(&mut self, diary: &Diary, now: Instant) -> Option<String> {
        for (workers, seen, since) in &mut self.kinds {
            let progress =
                diary.acknowledged_by(workers.clone()) + diary.listed_by(workers.clone());
            if progress > *seen {
                (*seen, *since) = (progress, now);
            } else if now >= *since + PATIENCE {
                return Some(format!("workers {workers:?} make no progress: {diary}"));
            }
        }
        None
    }
}

#[test]
fn a_kind_without_progress_is_found_although_others_succeed() {
    use test_support::torture::DiaryEntry;

    let mut diary = Diary::of(usize::MAX);
    let mut watch = StallWatch::new();
    let rows = || DiaryEntry::Listed { rows: Vec::new() };
    let start = Instant::now();
    for worker in [0, 2, 10] {
        diary.record(worker, 0, rows());
    }
    assert_eq!(watch.stalled(&diary, start), None);
    for worker in [1, 3] {
        diary.record(worker, 0, rows());
    }
    assert_eq!(watch.stalled(&diary, start + PATIENCE / 2), None);
    let stalled = watch.stalled(&diary, start + PATIENCE).unwrap();
    assert!(stalled.starts_with("workers 10..12 "), "{stalled}");
}
