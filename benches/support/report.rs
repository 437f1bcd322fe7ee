//! The parts that all benchmarks share: their result, a median, and a line of output.

use std::error::Error;
use std::io::{self, Write};

/// The result of a step of a benchmark.
pub(crate) type BenchResult<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Returns the median of some numbers, or NaN if there are none.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints a line.
pub(crate) fn print_line(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}
