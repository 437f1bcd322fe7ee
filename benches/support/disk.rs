//! The cost of a durable write on this disk, with which the benchmarks compare.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::report::median;

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Size of the file that is written in place, in blocks.
const BLOCKS_IN_PLACE: u64 = 256;

/// Measures the least that a durable operation costs: 4 KiB and an fdatasync. One write is in the middle of a
/// file. The other is at the end of a growing file, whose new length is stored too.
pub(crate) struct Disk {
    in_place: File,
    appended: File,
    next_block: Cell<u64>,
}

/// The cost of the two writes at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiskCost {
    pub(crate) in_place: Duration,
    pub(crate) append: Duration,
}

impl Disk {
    pub(crate) fn new(folder: &Path) -> io::Result<Disk> {
        let mut in_place = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(folder.join("in-place"))?;
        for _ in 0..BLOCKS_IN_PLACE {
            in_place.write_all(&BLOCK)?;
        }
        in_place.sync_all()?;
        Ok(Disk {
            in_place,
            appended: File::create(folder.join("appended"))?,
            next_block: Cell::new(0),
        })
    }

    pub(crate) fn measure(&self) -> io::Result<DiskCost> {
        let block = self.next_block.get();
        self.next_block.set((block + 1) % BLOCKS_IN_PLACE);
        let start = Instant::now();
        write_at(&self.in_place, block * BLOCK.len() as u64)?;
        let in_place = start.elapsed();
        let start = Instant::now();
        (&self.appended).write_all(&BLOCK)?;
        self.appended.sync_data()?;
        let append = start.elapsed();
        Ok(DiskCost { in_place, append })
    }
}

fn write_at(mut file: &File, place: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(place))?;
    file.write_all(&BLOCK)?;
    file.sync_data()
}

/// Creates a folder on the disk that is measured: in `BENCH_DIR`, or in the folder of the build.
pub(crate) fn scratch(build: &str) -> io::Result<TempDir> {
    match std::env::var_os("BENCH_DIR") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir_in(build),
    }
}

/// The times of an operation, each with the cost of the disk right before it.
#[derive(Debug, Default)]
pub(crate) struct Series {
    times: Vec<Duration>,
    per_write: Vec<f64>,
    per_append: Vec<f64>,
}

impl Series {
    pub(crate) fn note(&mut self, time: Duration, cost: DiskCost) {
        self.times.push(time);
        let ratio = |to: Duration| time.as_secs_f64() / to.as_secs_f64();
        self.per_write.push(ratio(cost.in_place));
        self.per_append.push(ratio(cost.append));
    }

    /// Returns the medians: in microseconds, in writes in place, and in appends.
    pub(crate) fn medians(&self) -> [f64; 3] {
        let times = self.times.iter().map(|time| time.as_secs_f64() * 1e6);
        [
            median(times.collect()),
            median(self.per_write.clone()),
            median(self.per_append.clone()),
        ]
    }
}
