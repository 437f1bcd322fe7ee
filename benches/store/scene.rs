//! A registry with rows, on the disk that is measured.

use std::path::PathBuf;
use std::time::Instant;

use divan::Bencher;
use port_registry::{Claim, Registry};
use tempfile::TempDir;

use crate::disk::{Disk, Series, scratch};
use crate::results;
use crate::rows::{claim, fill};

/// A registry with some rows, and a disk to compare it with.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) disk: Disk,
    pub(crate) store: PathBuf,
    rows: u32,
    next: u32,
}

impl Scene {
    pub(crate) fn new(rows: u32) -> Scene {
        let folder = expect(scratch(env!("CARGO_TARGET_TMPDIR")));
        let store = folder.path().join("ports.redb");
        expect(fill(&store, rows));
        Scene {
            disk: expect(Disk::new(folder.path())),
            folder,
            store,
            rows,
            next: rows,
        }
    }

    pub(crate) fn open(&self) -> Registry {
        expect(Registry::builder().with_path(&self.store).open())
    }

    /// Makes a claim for a new service.
    pub(crate) fn claim(&mut self) -> Claim {
        let claim = claim(self.next);
        self.next += 1;
        claim
    }

    /// Measures `work`. Prepares its input each time, outside of the measured time.
    pub(crate) fn measure<T, R>(
        mut self,
        bencher: Bencher,
        name: &'static str,
        mut prepare: impl FnMut(&mut Scene) -> T,
        mut work: impl FnMut(T) -> R,
    ) {
        let mut series = Series::default();
        let rows = self.rows;
        bencher
            .with_inputs(|| {
                let ready = prepare(&mut self);
                (ready, expect(self.disk.measure()))
            })
            .bench_local_values(|(ready, cost)| {
                let start = Instant::now();
                let result = work(ready);
                series.note(start.elapsed(), cost);
                result
            });
        results::add(name, rows, series);
    }
}

/// Unwraps a result. A benchmark cannot continue after an error.
#[track_caller]
pub(crate) fn expect<T, E: std::fmt::Debug>(result: std::result::Result<T, E>) -> T {
    result.expect("nothing fails in a benchmark")
}
