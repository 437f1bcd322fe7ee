//! The wait of a writer beside others: of a process beside the daemon, and of a client beside processes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Claim, Registry, ServiceKey};

use crate::allocating::{CLIENTS, allocate_by_many};
use crate::client::next_number;
use crate::daemon::DaemonProcess;
use crate::report::{BenchResult, print_line};
use crate::spread::format_spread;

/// Measures the waits of a process and of a client beside busy writers.
pub(crate) fn measure_sharing(home: &Path) -> BenchResult<()> {
    let daemon = DaemonProcess::start(home)?;
    print_line(&format!(
        "another process beside {CLIENTS} busy clients allocates in {}",
        format_spread(&mut waits_beside_clients(&daemon)?)
    ))?;
    print_line(&format!(
        "a client beside 4 busy writers allocates in {}",
        format_spread(&mut waits_beside_writers(&daemon)?)
    ))?;
    Ok(())
}

/// Returns the times of allocations in this process while clients keep the daemon busy.
fn waits_beside_clients(daemon: &DaemonProcess) -> BenchResult<Vec<Duration>> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| -> BenchResult<()> {
            while !is_over.load(Ordering::Relaxed) {
                allocate_by_many(daemon)?;
            }
            Ok(())
        });
        let registry = Registry::builder().with_path(&daemon.store).open()?;
        let mut waits = Vec::new();
        for _ in 0..100 {
            waits.push(allocate_in_process(&registry)?);
            thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        load.join().map_err(|_| "the load panicked")??;
        Ok(waits)
    })
}

/// Returns the times of allocations through the daemon while four writers keep the store busy.
fn waits_beside_writers(daemon: &DaemonProcess) -> BenchResult<Vec<Duration>> {
    let is_over = AtomicBool::new(false);
    let write = || -> BenchResult<()> {
        // A registry of its own has its own place in the queue, like a process.
        let registry = Registry::builder().with_path(&daemon.store).open()?;
        while !is_over.load(Ordering::Relaxed) {
            allocate_in_process(&registry)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
        let mut client = daemon.client()?;
        let mut waits = Vec::new();
        for _ in 0..200 {
            waits.push(client.allocate()?);
            thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        Ok(waits)
    })
}

/// Allocates a port for a new service, and returns the time that it took.
fn allocate_in_process(registry: &Registry) -> BenchResult<Duration> {
    let key = ServiceKey::new("in process", "main", format!("service-{}", next_number()))?;
    let start = Instant::now();
    registry.allocate(Claim::new(key))?;
    Ok(start.elapsed())
}
