//! The spread of several times.

use std::time::Duration;

/// Formats the median, the 99th percentile and the maximum of some times, which it sorts.
pub(crate) fn format_spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    format!(
        "{:.1} ms (median; 99 %: {:.1}, most: {:.1})",
        at(50),
        at(99),
        at(100)
    )
}
