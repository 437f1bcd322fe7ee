//! Measures a crowd on one store: processes and threads that all write at once.
//!
//! - *Processes.* So many `portctl get`, each for a service without a port, started at once and one after
//!   the other, each round in a home of its own; also beside a daemon that serves the same store.
//! - *Threads.* So many threads that each open the store, allocate and close it, at once and one after the
//!   other.
//! - *A bystander.* The wait of a write beside 64 writers that are always busy: threads of one process with
//!   a registry of their own each, and processes.
//!
//! `cargo bench --bench crowd [ROUNDS]`, after `cargo build --release`, which builds the daemon.

#[path = "support/report.rs"]
mod report;
#[path = "support/spread.rs"]
mod spread;

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Claim, Registry, ServiceKey};

use crate::report::{median, say};
use crate::spread::spread;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const CROWDS: [usize; 5] = [20, 50, 100, 200, 300];

/// The writers that a bystander waits beside.
const BUSY_WRITERS: usize = 64;

/// The store that this process is to write to until it is ended: it is one of the busy writers then.
const STORE_VARIABLE: &str = "PORT_REGISTRY_BENCH_STORE";

fn main() -> Result<()> {
    if let Some(store) = std::env::var_os(STORE_VARIABLE) {
        return write_on(Path::new(&store), || false);
    }
    // cargo itself adds `--bench`.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(3);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let home = |name: &str| {
        let home = folder.path().join(name);
        fs::create_dir_all(&home).map(|()| home)
    };
    for beside in [Beside::Nothing, Beside::Daemon] {
        for crowd in CROWDS {
            compare_processes(
                &home(&format!("{beside:?}-{crowd}"))?,
                crowd,
                rounds,
                beside,
            )?;
        }
    }
    compare_threads(&home("threads")?, 200, rounds)?;
    beside_threads(&home("beside-threads")?)?;
    beside_processes(&home("beside-processes")?)
}

/// Another user of the store.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Nothing,
    /// An idle daemon, which has the store open.
    Daemon,
}

fn compare_processes(home: &Path, crowd: usize, rounds: usize, beside: Beside) -> Result<()> {
    let (mut at_once, mut in_sequence, mut failed) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let home = |name| home.join(format!("{name}-{round}"));
        let daemon = |home: &Path| match beside {
            Beside::Nothing => Ok(None),
            Beside::Daemon => Daemon::start(home).map(Some),
        };
        let (crowded, orderly) = (home("crowded"), home("orderly"));
        fs::create_dir(&crowded)?;
        fs::create_dir(&orderly)?;
        let running = daemon(&crowded)?;
        let start = Instant::now();
        let children: Vec<_> = (0..crowd)
            .map(|number| get(&crowded, number).spawn())
            .collect::<std::io::Result<_>>()?;
        for mut child in children {
            failed += usize::from(!child.wait()?.success());
        }
        at_once.push(start.elapsed().as_secs_f64());
        drop(running);
        let running = daemon(&orderly)?;
        let start = Instant::now();
        for number in 0..crowd {
            if !get(&orderly, number).status()?.success() {
                return Err("one process alone failed".into());
            }
        }
        in_sequence.push(start.elapsed().as_secs_f64());
        drop(running);
    }
    let (at_once, in_sequence) = (median(at_once), median(in_sequence));
    let beside = match beside {
        Beside::Nothing => "",
        Beside::Daemon => " beside a daemon",
    };
    say(&format!(
        "{crowd} processes{beside}: at once {at_once:.2} s, in sequence {in_sequence:.2} s ({:.2}), failed {failed} of {}",
        at_once / in_sequence,
        crowd * rounds,
    ))?;
    Ok(())
}

/// A `portctl get` of a service that has no port yet, without git.
fn get(home: &Path, number: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portctl"));
    command
        .args(["get", "--app", "crowd", "--instance", "main"])
        .arg(format!("service-{number}"))
        .env("HOME", home)
        .env_remove("PORT_REGISTRY_ADDR")
        .env_remove("PORT_REGISTRY_DB")
        .env_remove("PORT_REGISTRY_RANGE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn compare_threads(home: &Path, crowd: usize, rounds: usize) -> Result<()> {
    let (mut at_once, mut in_sequence) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let store = home.join(format!("crowded-{round}.redb"));
        let start = Instant::now();
        thread::scope(|scope| -> Result<()> {
            let threads: Vec<_> = (0..crowd)
                .map(|number| {
                    let store = &store;
                    scope.spawn(move || open_and_allocate(store, number))
                })
                .collect();
            for thread in threads {
                thread.join().map_err(|_| "a thread panicked")??;
            }
            Ok(())
        })?;
        at_once.push(start.elapsed().as_secs_f64());
        let store = home.join(format!("orderly-{round}.redb"));
        let start = Instant::now();
        for number in 0..crowd {
            open_and_allocate(&store, number)?;
        }
        in_sequence.push(start.elapsed().as_secs_f64());
    }
    let (at_once, in_sequence) = (median(at_once), median(in_sequence));
    say(&format!(
        "{crowd} threads that open, allocate and close: at once {at_once:.2} s, in sequence {in_sequence:.2} s ({:.2})",
        at_once / in_sequence
    ))?;
    Ok(())
}

fn open_and_allocate(store: &Path, number: usize) -> Result<()> {
    let registry = Registry::builder().with_path(store).open()?;
    allocate(&registry, number)
}

fn allocate(registry: &Registry, number: usize) -> Result<()> {
    let key = ServiceKey::new(
        "crowd",
        std::process::id().to_string(),
        format!("service-{number}"),
    )?;
    registry.allocate(Claim::new(key))?;
    Ok(())
}

/// Allocates and releases, again and again, through one registry.
fn write_on(store: &Path, is_over: impl Fn() -> bool) -> Result<()> {
    let registry = Registry::builder().with_path(store).open()?;
    let name = format!("{}-{:?}", std::process::id(), thread::current().id());
    while !is_over() {
        let key = ServiceKey::new("busy", &*name, "web")?;
        let held = registry.allocate(Claim::new(key))?;
        registry.release(held.id)?;
    }
    Ok(())
}

fn beside_threads(home: &Path) -> Result<()> {
    let store = &home.join("ports.redb");
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| -> Result<()> {
        let writers: Vec<_> = (0..BUSY_WRITERS)
            .map(|_| scope.spawn(|| write_on(store, || is_over.load(Ordering::Relaxed))))
            .collect();
        let waits = bystand(store);
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        say(&format!(
            "a write beside {BUSY_WRITERS} busy threads of one other process takes {}",
            spread(&mut waits?)
        ))?;
        Ok(())
    })
}

fn beside_processes(home: &Path) -> Result<()> {
    let store = home.join("ports.redb");
    let mut writers = Vec::new();
    for _ in 0..BUSY_WRITERS {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(STORE_VARIABLE, &store).stdin(Stdio::null());
        writers.push(Running(command.spawn()?));
    }
    let waits = bystand(&store);
    for writer in &mut writers {
        if writer.0.try_wait()?.is_some() {
            return Err("a busy writer failed".into());
        }
    }
    say(&format!(
        "a write beside {BUSY_WRITERS} busy processes takes {}",
        spread(&mut waits?)
    ))?;
    Ok(())
}

/// The waits of one more process for its writes, with a pause between them. It is `portctl`, so that it
/// shares no queue with the threads of this one; with the start of the process they take 3 ms alone.
fn bystand(store: &Path) -> Result<Vec<Duration>> {
    // The writers have begun by then.
    thread::sleep(Duration::from_millis(500));
    let mut waits = Vec::new();
    for number in 0..100 {
        let mut command = get(store.parent().unwrap_or(store), number);
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

/// A process that is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon on any port that serves the store of a home.
struct Daemon {
    _running: Running,
}

impl Daemon {
    fn start(home: &Path) -> Result<Daemon> {
        let program = Path::new(env!("CARGO_BIN_EXE_portctl")).with_file_name("port-registry");
        let mut command = Command::new(program);
        let command = command.args(["--port", "0"]).env("HOME", home);
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take();
        let running = Running(child);
        let mut line = String::new();
        BufReader::new(stderr.ok_or("it has no standard error")?).read_line(&mut line)?;
        if !line.contains("listens") {
            return Err(line.into());
        }
        Ok(Daemon { _running: running })
    }
}
