//! The results of all benchmarks, and their table.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::disk::Series;
use crate::report::{BenchResult, print_line};

/// The times of each operation, at each number of rows.
static RESULTS: LazyLock<Mutex<BTreeMap<(&'static str, u32), Series>>> =
    LazyLock::new(Mutex::default);

/// Adds the times of an operation.
pub(crate) fn add(name: &'static str, rows: u32, series: Series) {
    let mut results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
    results.insert((name, rows), series);
}

/// Prints the medians of all operations.
pub(crate) fn print_table() -> BenchResult<()> {
    let results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
    print_line("")?;
    print_line("medians, and medians of the ratios to 4 KiB and an fdatasync of the same moment")?;
    print_line("                                  rows         us   x in place     x append")?;
    for ((name, rows), series) in results.iter() {
        let [time, in_place, append] = series.medians();
        print_line(&format!(
            "{name:<30} {rows:>7} {time:>10.1} {in_place:>12.2} {append:>12.2}"
        ))?;
    }
    Ok(())
}
