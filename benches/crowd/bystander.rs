//! The wait of one writer beside many that are always busy.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Claim, Registry, ServiceKey};

use crate::report::{BenchResult, print_line};
use crate::running::{Running, portctl_get};
use crate::spread::format_spread;

/// Number of busy writers.
const BUSY_WRITERS: usize = 64;

/// Names the store to which this process writes until it is killed, as one of the busy writers.
pub(crate) const STORE_VARIABLE: &str = "PORT_REGISTRY_BENCH_STORE";

/// Allocates and releases through one registry until `is_over` returns `true`.
pub(crate) fn write_until(store: &Path, is_over: impl Fn() -> bool) -> BenchResult<()> {
    let registry = Registry::builder().with_path(store).open()?;
    let name = format!("{}-{:?}", std::process::id(), thread::current().id());
    while !is_over() {
        let key = ServiceKey::new("busy", &*name, "web")?;
        let held = registry.allocate(Claim::new(key))?;
        registry.release(held.id)?;
    }
    Ok(())
}

/// Measures a write beside busy threads of another process.
pub(crate) fn measure_beside_threads(home: &Path) -> BenchResult<()> {
    let store = &home.join("ports.redb");
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| -> BenchResult<()> {
        let writers: Vec<_> = (0..BUSY_WRITERS)
            .map(|_| scope.spawn(|| write_until(store, || is_over.load(Ordering::Relaxed))))
            .collect();
        let waits = wait_beside(store);
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        print_line(&format!(
            "a write beside {BUSY_WRITERS} busy threads of one other process takes {}",
            format_spread(&mut waits?)
        ))?;
        Ok(())
    })
}

/// Measures a write beside busy processes.
pub(crate) fn measure_beside_processes(home: &Path) -> BenchResult<()> {
    let store = home.join("ports.redb");
    let mut writers = Vec::new();
    for _ in 0..BUSY_WRITERS {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(STORE_VARIABLE, &store).stdin(Stdio::null());
        writers.push(Running(command.spawn()?));
    }
    let waits = wait_beside(&store);
    for writer in &mut writers {
        if writer.0.try_wait()?.is_some() {
            return Err("a busy writer failed".into());
        }
    }
    print_line(&format!(
        "a write beside {BUSY_WRITERS} busy processes takes {}",
        format_spread(&mut waits?)
    ))?;
    Ok(())
}

/// Returns the times of 100 writes of other processes, with a pause between them. They are runs of
/// `portctl`, which share no queue with the threads of this process. Alone, each takes 3 ms with the start
/// of the process.
fn wait_beside(store: &Path) -> BenchResult<Vec<Duration>> {
    // Give the writers time to begin.
    thread::sleep(Duration::from_millis(500));
    let mut waits = Vec::new();
    for number in 0..100 {
        let mut command = portctl_get(store.parent().unwrap_or(store), number);
        command.env("PORT_REGISTRY_DB", store);
        let start = Instant::now();
        if !command.status()?.success() {
            return Err("the bystander's write failed".into());
        }
        waits.push(start.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
    Ok(waits)
}
