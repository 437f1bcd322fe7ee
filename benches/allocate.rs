//! What a durable allocation costs, beside what the disk charges for anything durable.
//!
//! Each round writes 4 KiB and calls fdatasync on a file beside the store, in place and at the
//! end of a growing file, and then allocates a port through a long-open handle, so that all three
//! meet the same disk at the same moment. The table gives medians, and the ratios of the medians.
//!
//! `cargo bench --bench allocate [ROUNDS]`; `BENCH_DIR` names the folder, and so the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey, Verdict};

/// How many rows the registry holds already.
const ROWS: [u32; 4] = [0, 1_000, 10_000, 60_000];

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// A file of which the first so many blocks are there before it is written in place.
const BLOCKS_IN_PLACE: u64 = 256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo itself adds `--bench`.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(400);
    let folder = match std::env::var_os("BENCH_DIR") {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
    };
    let mut out = io::stdout().lock();
    writeln!(out, "medians of {rounds} rounds")?;
    writeln!(
        out,
        "{:>7} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "rows", "in place", "appended", "allocate", "x in place", "x appended"
    )?;
    for rows in ROWS {
        let [in_place, appended, allocate] = measure(folder.path(), rows, rounds)?;
        let ratio = |bare: Duration| allocate.as_secs_f64() / bare.as_secs_f64();
        writeln!(
            out,
            "{rows:>7} {:>9} us {:>9} us {:>9} us {:>12.2} {:>12.2}",
            in_place.as_micros(),
            appended.as_micros(),
            allocate.as_micros(),
            ratio(in_place),
            ratio(appended),
        )?;
    }
    Ok(())
}

/// The medians of the two bare writes and of an allocation.
fn measure(
    folder: &Path,
    rows: u32,
    rounds: u32,
) -> Result<[Duration; 3], Box<dyn std::error::Error>> {
    let store = folder.join(format!("{rows}.redb"));
    fill(&store, rows)?;
    let registry = Registry::builder().path(&store).open()?;
    let in_place = prepared_file(&folder.join("in-place"))?;
    let appended = File::create(folder.join("appended"))?;
    let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let place = u64::from(round) % BLOCKS_IN_PLACE * BLOCK.len() as u64;
        first.push(timed(|| {
            (&in_place).seek(SeekFrom::Start(place))?;
            (&in_place).write_all(&BLOCK)?;
            Ok(in_place.sync_data()?)
        })?);
        second.push(timed(|| {
            (&appended).write_all(&BLOCK)?;
            Ok(appended.sync_data()?)
        })?);
        let claim = Claim::new(key(rows + round)?).dir("/home/me/project");
        third.push(timed(|| {
            registry.allocate(claim.clone())?;
            Ok(())
        })?);
    }
    Ok([median(first), median(second), median(third)])
}

/// Gives the registry its first rows.
fn fill(store: &Path, rows: u32) -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builder()
        .path(store)
        .probe(|_| Ok(Verdict::Free))
        .open()?;
    let numbers: Vec<u32> = (0..rows).collect();
    for numbers in numbers.chunks(1000) {
        let mut requests = Vec::new();
        for &number in numbers {
            requests.push(Request::Allocate(
                Claim::new(key(number)?).dir("/home/me/project"),
            ));
        }
        for answer in registry.apply(&requests, Atomicity::AllOrNothing)? {
            answer?;
        }
    }
    Ok(())
}

/// Names as people give them, in no particular order.
fn key(number: u32) -> Result<ServiceKey, port_registry::NameError> {
    let scattered = number.wrapping_mul(2_654_435_761);
    ServiceKey::new(
        format!("project-{}", scattered % 97),
        format!("feature-{}", scattered % 389),
        format!("service-{number}"),
    )
}

fn prepared_file(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    for _ in 0..BLOCKS_IN_PLACE {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    Ok(file)
}

fn timed(
    work: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
