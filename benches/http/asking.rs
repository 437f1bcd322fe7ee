//! The rate of reads, and the memory of the daemon after many of them.

use std::io;
use std::iter;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::allocating::CLIENTS;
use crate::daemon::DaemonProcess;
use crate::report::{BenchResult, median, print_line};

/// Time for which a rate is measured.
const STRETCH: Duration = Duration::from_millis(300);

/// Measures the rates of several reads, in turns.
pub(crate) fn measure_rates(home: &Path, rounds: u32) -> BenchResult<()> {
    let daemon = DaemonProcess::start(home)?;
    let mut client = daemon.client()?;
    for _ in 0..100 {
        client.allocate()?;
    }
    let paths = [
        "/nowhere",
        "/v1/ports/4321",
        "/v1/allocations/50",
        "/v1/allocations",
    ];
    let names = ["unknown path", "check", "one allocation", "list of 100"];
    for connections in [1, 8, CLIENTS] {
        let mut rates: [Vec<f64>; 4] = Default::default();
        for round in 0..rounds.max(3) as usize {
            for turn in 0..paths.len() {
                let column = (round + turn) % paths.len();
                rates[column].push(rate(&daemon, connections, paths[column])?);
            }
        }
        let rates = rates.map(median);
        let compared = iter::zip(names, rates)
            .map(|(name, rate)| format!("{name} {rate:.0} a second ({:.2})", rate / rates[0]));
        let compared: Vec<_> = compared.collect();
        print_line(&format!(
            "{connections} connections: {}",
            compared.join(", ")
        ))?;
    }
    daemon.stop()
}

/// Measures the memory of the daemon after a million requests.
pub(crate) fn measure_memory(home: &Path) -> BenchResult<()> {
    let daemon = DaemonProcess::start(home)?;
    let mut client = daemon.client()?;
    for _ in 0..100 {
        client.allocate()?;
    }
    let mut clients = (0..CLIENTS).map(|_| daemon.client());
    let mut clients = clients.by_ref().collect::<io::Result<Vec<_>>>()?;
    let paths = ["/v1/ports/4321", "/v1/allocations/50", "/v1/allocations"];
    for path in paths.into_iter().cycle().take(1_000_000 / CLIENTS) {
        for client in &mut clients {
            client.send("GET", path, "")?;
        }
        for client in &mut clients {
            let status = client.receive()?;
            if status != 200 {
                return Err(format!("{path} got the status {status}").into());
            }
        }
    }
    let memory = daemon.status("VmRSS:");
    print_line(&format!("memory after a million requests: {memory}"))?;
    daemon.stop()
}

/// Returns the requests a second over some connections, which one thread serves in turn.
fn rate(daemon: &DaemonProcess, connections: usize, path: &str) -> io::Result<f64> {
    let clients = (0..connections).map(|_| daemon.client());
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    for client in &mut clients {
        client.send("GET", path, "")?;
    }
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < STRETCH {
        for client in &mut clients {
            match client.receive()? {
                // One of the paths is unknown.
                200 | 404 => {}
                status => return Err(io::Error::other(format!("{path} got the status {status}"))),
            }
            client.send("GET", path, "")?;
            count += 1;
        }
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
