//! Everybody at once on one store, and nobody lives long.
//!
//! A daemon and its HTTP clients, programs that open the store by the library, and `portctl` in process
//! allocate and release, and are killed with SIGKILL at any moment, over and over. Each tells what it is
//! about to do and what came of it. Afterwards all that was acknowledged is there, exactly, and nothing
//! that was released; no port, service or number was ever given twice; and the store is whole.
//!
//! It takes three seconds, times `PORT_REGISTRY_SOAK`.

#![cfg(unix)]

#[path = "support/daemon.rs"]
mod daemon;
#[path = "torture/diary.rs"]
mod diary;
#[path = "support/random.rs"]
mod random;
mod support;
#[path = "torture/workers.rs"]
mod workers;

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Allocation, Filter, Registry};
use redb::{ConcurrencyMode, Database};

use daemon::Daemon;
use diary::Diary;
use random::Random;
use support::{Sandbox, soak};
use workers::{Backend, Worker};

/// The ports that are given out.
const RANGE: &str = "21000-22999";

/// How long it goes on by default.
const TIME: Duration = Duration::from_secs(3);

/// Not a test of its own: what the processes run that are killed.
#[test]
fn a_worker_of_the_torture() {
    workers::work_as_told();
}

/// A daemon of which there is mostly one.
struct Service {
    sandbox: Sandbox,
    daemon: Option<Daemon>,
}

impl Service {
    /// Ends the daemon and starts another one, and leaves a note of where that listens.
    fn replace(&mut self) {
        self.daemon = None;
        let daemon = Daemon::start_with(&self.sandbox, &["--range", RANGE]);
        let note = workers::address_note(&self.sandbox.store());
        let draft = note.with_extension("draft");
        let line = format!("{} {}", daemon.address, daemon.child.id());
        std::fs::write(&draft, line).unwrap();
        std::fs::rename(&draft, note).unwrap();
        self.daemon = Some(daemon);
    }
}

#[test]
fn what_was_acknowledged_outlives_everybody() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    std::fs::create_dir(store.parent().unwrap()).unwrap();
    let mut service = Service {
        sandbox,
        daemon: None,
    };
    service.replace();
    // No daemon is known there, so that commands open the store themselves.
    let elsewhere = Sandbox::new();
    let diary = Mutex::new(Diary::default());
    let give_up = Instant::now() + TIME * soak();

    let kills = thread::scope(|scope| {
        let backends = [
            Backend::Library,
            Backend::Library,
            Backend::Http,
            Backend::Http,
        ];
        let workers = backends.iter().zip(0..).map(|(&backend, number)| {
            let (diary, store) = (&diary, &store);
            scope.spawn(move || keep_busy(backend, number, store, give_up, diary))
        });
        let workers: Vec<_> = workers.collect();
        let commands = (10..12).map(|number| {
            let (diary, store, sandbox) = (&diary, &store, &elsewhere);
            scope.spawn(move || workers::run_commands(number, sandbox, store, give_up, diary))
        });
        let commands: Vec<_> = commands.collect();
        let mut random = Random::new(7);
        let mut kills = 0;
        while Instant::now() < give_up {
            thread::sleep(Duration::from_millis(100 + random.below(400)));
            service.replace();
            kills += 1;
        }
        for thread in workers.into_iter().chain(commands) {
            kills += thread.join().unwrap();
        }
        kills
    });
    service.daemon = None;

    let held = all_that_is_held(&store);
    let diary = diary.into_inner().unwrap();
    diary.check(&held);
    if soak() > 1 {
        let _ = writeln!(std::io::stderr(), "{kills} kills, {diary}");
    }
    assert!(kills > 0);
    // The library's, those over HTTP, and commands: each kind has got through.
    for workers in [0..2, 2..4, 10..12] {
        let told = format!("{workers:?}: {diary}");
        assert!(diary.acknowledged_by(workers) > 0, "{told}");
    }
}

/// Keeps a worker at work, by starting another one whenever it was killed. Gives how often.
fn keep_busy(
    backend: Backend,
    number: u32,
    store: &Path,
    give_up: Instant,
    diary: &Mutex<Diary>,
) -> u32 {
    let mut random = Random::new(number.into());
    let mut kills = 0;
    while Instant::now() < give_up {
        let worker = Worker::start(backend, number, kills, store, diary);
        let life = Duration::from_millis(50 + random.below(500));
        worker.live(life, diary);
        kills += 1;
    }
    kills
}

/// Opens what everybody has left behind, which must be whole.
fn all_that_is_held(store: &Path) -> Vec<Allocation> {
    let registry = Registry::builder().path(store).open().unwrap();
    registry.try_write().unwrap();
    registry.verify().unwrap();
    let held = registry.list(&Filter::default()).unwrap();
    drop(registry);
    let mut database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(store)
        .unwrap();
    assert!(database.check_integrity().unwrap(), "it had to be repaired");
    held
}
