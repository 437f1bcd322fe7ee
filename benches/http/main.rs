//! Measures the daemon end to end over HTTP, compared with the disk and with the cheapest request.
//!
//! - *Allocating.* One keep-alive client allocates a port, each time after a bare 4 KiB write and fdatasync.
//!   Then 64 clients allocate, between two samples of the bare write. The ratio is what counts.
//! - *Asking.* The rates of a check and of a list of 100 allocations, in turns with the rate of the cheapest
//!   request, one for an unknown path.
//! - *Sharing.* The wait of a writer in another process while 64 clients keep the daemon busy, and the wait of
//!   a client while four other writers keep the store busy.
//! - *Starting.* The time from the start of the process to its first healthy response, and its memory then and
//!   after a million requests.
//!
//! `cargo bench --bench http [ROUNDS]`; `BENCH_DIR` names the folder, and so the disk.

mod allocating;
mod asking;
mod client;
mod daemon;
#[path = "../support/disk.rs"]
mod disk;
#[path = "../support/report.rs"]
mod report;
mod sharing;
#[path = "../support/spread.rs"]
mod spread;
mod starting;

use crate::disk::{Disk, scratch};
use crate::report::BenchResult;

fn main() -> BenchResult<()> {
    // cargo adds `--bench`, which is not a number.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(300);
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"))?;
    let home = |name: &str| folder.path().join(name);
    starting::measure_start(&home("starting"), rounds.min(100))?;
    let disk = Disk::new(folder.path())?;
    allocating::measure_one_client(&home("one"), &disk, rounds)?;
    allocating::measure_many_clients(&home("many"), &disk, rounds / 50)?;
    sharing::measure_sharing(&home("sharing"))?;
    asking::measure_rates(&home("asking"), rounds / 30)?;
    asking::measure_memory(&home("lasting"))
}
