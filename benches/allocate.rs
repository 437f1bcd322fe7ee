//! What a durable allocation costs, beside what the disk charges for anything durable.
//!
//! Each round does four things, in an order that changes from round to round, so that they meet
//! the same disk at the same moment: it writes 4 KiB and calls fdatasync, once in place and once
//! at the end of a growing file; it commits one number to a table of one row by the storage engine
//! alone, in the same sharing mode; and it allocates a port through a long-open handle. The table
//! gives medians, and the ratios of the medians.
//!
//! `cargo bench --bench allocate [ROUNDS]`; `BENCH_DIR` names the folder, and so the disk.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use port_registry::{Atomicity, Claim, NameError, Registry, Request, ServiceKey, Verdict};
use redb::{ConcurrencyMode, Database, TableDefinition};

/// How many rows the registry holds already.
const ROWS: [u32; 4] = [0, 1_000, 10_000, 60_000];

const BLOCK: [u8; 4096] = [0x5a; 4096];

/// How large the file is that is written in place.
const BLOCKS_IN_PLACE: u64 = 256;

/// What is measured in each round.
const COLUMNS: [&str; 4] = ["in place", "appended", "engine", "allocate"];

fn main() -> Result<(), Box<dyn Error>> {
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
    writeln!(
        out,
        "medians of {rounds} rounds in microseconds, and an allocation as a multiple of the others"
    )?;
    write!(out, "{:>7}", "rows")?;
    for column in COLUMNS {
        write!(out, " {column:>10}")?;
    }
    for column in &COLUMNS[..3] {
        write!(out, " {:>10}", format!("x {column}"))?;
    }
    writeln!(out)?;
    for rows in ROWS {
        let medians = measure(folder.path(), rows, rounds)?;
        write!(out, "{rows:>7}")?;
        for median in medians {
            write!(out, " {:>10}", median.as_micros())?;
        }
        for median in &medians[..3] {
            let ratio = medians[3].as_secs_f64() / median.as_secs_f64();
            write!(out, " {ratio:>10.2}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The median of each column.
fn measure(folder: &Path, rows: u32, rounds: u32) -> Result<[Duration; 4], Box<dyn Error>> {
    let store = folder.join(format!("{rows}.redb"));
    fill(&store, rows)?;
    let registry = Registry::builder().path(&store).open()?;
    let in_place = prepared_file(&folder.join("in-place"))?;
    let appended = File::create(folder.join("appended"))?;
    let engine = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .create(folder.join(format!("{rows}-engine.redb")))?;
    let one_row: TableDefinition<&str, u32> = TableDefinition::new("one row");

    let mut times: [Vec<Duration>; 4] = std::array::from_fn(|_| Vec::new());
    for round in 0..rounds {
        for turn in 0..4 {
            let column = (round + turn) as usize % 4;
            let claim = Claim::new(key(rows + round)?).dir("/home/me/project");
            let start = Instant::now();
            match column {
                0 => {
                    let place = u64::from(round) % BLOCKS_IN_PLACE * BLOCK.len() as u64;
                    (&in_place).seek(SeekFrom::Start(place))?;
                    (&in_place).write_all(&BLOCK)?;
                    in_place.sync_data()?;
                }
                1 => {
                    (&appended).write_all(&BLOCK)?;
                    appended.sync_data()?;
                }
                2 => {
                    let txn = engine.begin_write()?;
                    txn.open_table(one_row)?.insert("row", round)?;
                    txn.commit()?;
                }
                _ => {
                    registry.allocate(claim)?;
                }
            }
            times[column].push(start.elapsed());
        }
    }
    Ok(times.map(median))
}

/// Gives the registry its first rows.
fn fill(store: &Path, rows: u32) -> Result<(), Box<dyn Error>> {
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
fn key(number: u32) -> Result<ServiceKey, NameError> {
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

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
