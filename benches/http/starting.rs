//! The time from the start of the daemon to its first response.

use std::path::Path;
use std::time::Instant;

use crate::daemon::DaemonProcess;
use crate::report::{BenchResult, print_line};
use crate::spread::format_spread;

/// Measures the start of the daemon, and its memory then.
pub(crate) fn measure_start(home: &Path, rounds: u32) -> BenchResult<()> {
    let mut times = Vec::new();
    let mut memory = String::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let daemon = DaemonProcess::start(home)?;
        let status = daemon.client()?.ask("GET", "/healthz", "")?;
        times.push(start.elapsed());
        if status != 200 {
            return Err(format!("/healthz got the status {status}").into());
        }
        memory = daemon.status("VmRSS:");
        daemon.stop()?;
    }
    print_line(&format!(
        "the first healthy answer comes after {}",
        format_spread(&mut times)
    ))?;
    print_line(&format!("memory then: {memory}"))?;
    Ok(())
}
