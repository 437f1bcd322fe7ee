//! Measures a crowd on one store: processes and threads that all write at once.
//!
//! - *Processes.* Many `portctl get`, each for a service without a port, started at once and then one after
//!   the other, each round in a home of its own; also beside a daemon that serves the same store.
//! - *Threads.* Many threads that each open the store, allocate and close it, at once and then one after the
//!   other.
//! - *A bystander.* The wait of a write beside 64 writers that are always busy: threads of one process with
//!   a registry of their own each, and processes.
//!
//! `cargo bench --bench crowd [ROUNDS]`, after `cargo build --release`, which builds the daemon.

mod bystander;
mod processes;
#[path = "../support/report.rs"]
mod report;
mod running;
#[path = "../support/spread.rs"]
mod spread;
mod threads;

use std::fs;
use std::path::Path;

use crate::bystander::{
    STORE_VARIABLE, measure_beside_processes, measure_beside_threads, write_until,
};
use crate::processes::{Beside, compare_processes};
use crate::report::BenchResult;
use crate::threads::compare_threads;

const CROWDS: [usize; 5] = [20, 50, 100, 200, 300];

fn main() -> BenchResult<()> {
    if let Some(store) = std::env::var_os(STORE_VARIABLE) {
        return write_until(Path::new(&store), || false);
    }
    // cargo adds `--bench`, which is not a number.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(3);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let home = |name: &str| {
        let home = folder.path().join(name);
        fs::create_dir_all(&home).map(|()| home)
    };
    for beside in [Beside::Nothing, Beside::Daemon] {
        for crowd in CROWDS {
            compare_processes(
                &home(&format!("{beside:?}-{crowd}"))?,
                crowd,
                rounds,
                beside,
            )?;
        }
    }
    compare_threads(&home("threads")?, 200, rounds)?;
    measure_beside_threads(&home("beside-threads")?)?;
    measure_beside_processes(&home("beside-processes")?)
}
