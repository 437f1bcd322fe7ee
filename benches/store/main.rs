//! Measures the library in process, compared with the least that the disk takes for a durable write.
//!
//! Right before each measurement 4 KiB are written and synced, once in place and once at the end of a
//! growing file, so that all three meet the same disk at the same moment. divan prints the times. The table
//! at the end has the medians of the ratios.
//!
//! `cargo bench --bench store [-- NAME]`; `BENCH_DIR` names the folder, and so the disk.

#[path = "../support/disk.rs"]
mod disk;
mod group_commit;
mod operations;
#[path = "../support/report.rs"]
mod report;
mod results;
mod rows;
mod scene;

use crate::report::BenchResult;

fn main() -> BenchResult<()> {
    divan::main();
    if std::env::args().all(|word| word != "--bench") {
        // cargo adds it for a benchmark. Without it, each operation runs once, as a test.
        return Ok(());
    }
    results::print_table()
}
