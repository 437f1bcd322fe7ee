//! The rate of allocations, by one client and by many.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::client::next_claim;
use crate::daemon::DaemonProcess;
use crate::disk::{Disk, Series};
use crate::report::{BenchResult, median, print_line};

/// Number of clients that allocate at the same time.
pub(crate) const CLIENTS: usize = 64;

/// Time for which many clients allocate.
const STRETCH: Duration = Duration::from_millis(300);

/// Measures one client that allocates.
pub(crate) fn measure_one_client(home: &Path, disk: &Disk, rounds: u32) -> BenchResult<()> {
    let daemon = DaemonProcess::start(home)?;
    let mut client = daemon.client()?;
    let mut series = Series::default();
    for _ in 0..rounds {
        let cost = disk.measure()?;
        series.note(client.allocate()?, cost);
    }
    let [time, in_place, append] = series.medians();
    print_line(&format!(
        "one client: an allocation takes {time:.0} us, {in_place:.2} x a write in place, {append:.2} x an append"
    ))?;
    daemon.stop()
}

/// Measures many clients that allocate. Each round has a new registry, so that the usual range does not fill up.
pub(crate) fn measure_many_clients(home: &Path, disk: &Disk, rounds: u32) -> BenchResult<()> {
    let (mut rates, mut per_write, mut per_append) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds.max(3) {
        let daemon = DaemonProcess::start(&home.join(round.to_string()))?;
        let (mut in_place, mut append) = (Vec::new(), Vec::new());
        let mut sample = || -> BenchResult<()> {
            for _ in 0..30 {
                let cost = disk.measure()?;
                in_place.push(cost.in_place.as_secs_f64());
                append.push(cost.append.as_secs_f64());
            }
            Ok(())
        };
        sample()?;
        let (count, time) = allocate_by_many(&daemon)?;
        sample()?;
        let rate = f64::from(count) / time.as_secs_f64();
        rates.push(rate);
        per_write.push(median(in_place) * rate);
        per_append.push(median(append) * rate);
        daemon.stop()?;
    }
    print_line(&format!(
        "{CLIENTS} clients: {:.0} allocations a second, {:.1} in the time of a write in place, {:.1} in that of an append",
        median(rates),
        median(per_write),
        median(per_append)
    ))?;
    Ok(())
}

/// Lets many clients allocate for a while, each as soon as it has its response. Returns the number of
/// allocations and the time that they took. One thread serves all clients, to leave the daemon the other core.
pub(crate) fn allocate_by_many(daemon: &DaemonProcess) -> BenchResult<(u32, Duration)> {
    let clients = (0..CLIENTS).map(|_| daemon.client());
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    let start = Instant::now();
    for client in &mut clients {
        client.send("POST", "/v1/allocations", &next_claim())?;
    }
    let mut count = 0;
    while start.elapsed() < STRETCH {
        for client in &mut clients {
            client.receive_allocation()?;
            client.send("POST", "/v1/allocations", &next_claim())?;
            count += 1;
        }
    }
    let time = start.elapsed();
    for client in &mut clients {
        client.receive_allocation()?;
    }
    Ok((count, time))
}
