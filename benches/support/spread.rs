//! Telling how much many times differ.

use std::time::Duration;

/// The median, the 99th percentile and the maximum of some times, which it sorts.
pub(crate) fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    format!(
        "{:.1} ms (median; 99 %: {:.1}, most: {:.1})",
        at(50),
        at(99),
        at(100)
    )
}
