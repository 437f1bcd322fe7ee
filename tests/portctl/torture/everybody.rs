//! A daemon, its clients, programs with the library, and commands on one store.

use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use port_registry::{Allocation, Filter, Registry};
use redb::{ConcurrencyMode, Database};
use test_support::daemon::Daemon;
use test_support::torture::{RANGE, address_note};
use test_support::{Sandbox, soak};

use super::diary::{Diary, WORKERS};
use super::stalls::StallWatch;
use super::workers::{WorkerKind, keep_busy, run_commands};

/// Default number of acknowledged changes before the test ends.
const ENOUGH: usize = 650;

/// A daemon that is killed and replaced. `None` while there is no daemon.
struct ReplacedDaemon {
    sandbox: Sandbox,
    daemon: Option<Daemon>,
}

impl ReplacedDaemon {
    /// Kills the daemon, starts another one, and writes its address to the note.
    fn replace(&mut self) {
        self.daemon = None;
        let daemon = Daemon::start_with(&self.sandbox, &["--range", RANGE]);
        let note = address_note(&self.sandbox.store());
        let draft = note.with_extension("draft");
        let line = format!("{} {}", daemon.address, daemon.child.id());
        std::fs::write(&draft, line).unwrap();
        std::fs::rename(&draft, note).unwrap();
        self.daemon = Some(daemon);
    }

    /// Replaces the daemon at random moments until the diary is full. Returns the number of kills.
    ///
    /// Ends the test early if a worker's thread panics, or if a kind of worker makes no progress.
    fn replace_until_full(
        &mut self,
        diary: &Mutex<Diary>,
        threads: &[ScopedJoinHandle<'_, u32>],
    ) -> u32 {
        let mut random = Rng::with_seed(7);
        let mut watch = StallWatch::new();
        let mut kills = 0;
        while wait_for_progress(10 + random.usize(..80), diary, threads, &mut watch) {
            // A random delay, so that kills hit different points of an operation.
            thread::sleep(Duration::from_micros(random.u64(..20_000)));
            self.replace();
            kills += 1;
        }
        kills
    }
}

/// Waits for this many more acknowledgements. Returns false if the test is over.
fn wait_for_progress(
    more: usize,
    diary: &Mutex<Diary>,
    threads: &[ScopedJoinHandle<'_, u32>],
    watch: &mut StallWatch,
) -> bool {
    let begin = diary.lock().unwrap().acknowledged();
    loop {
        // Look at the threads before the diary, because a thread also ends once the diary is full.
        let has_ended = threads.iter().any(ScopedJoinHandle::is_finished);
        {
            let mut diary = diary.lock().unwrap();
            if has_ended && !diary.is_full() {
                diary.give_up("a worker's thread panicked".to_owned());
            } else if let Some(stalled) = watch.stalled(&diary, Instant::now()) {
                diary.give_up(stalled);
            }
            if diary.is_over() {
                return false;
            }
            if diary.acknowledged() >= begin + more {
                return true;
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Ends the workers' threads if the thread that replaces the daemon panics.
struct GiveUpOnPanic<'a>(&'a Mutex<Diary>);

impl Drop for GiveUpOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking()
            && let Ok(mut diary) = self.0.lock()
        {
            diary.give_up("the daemon could not be replaced".to_owned());
        }
    }
}

#[test]
fn acknowledged_changes_survive_kills_of_all_clients() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    std::fs::create_dir(store.parent().unwrap()).unwrap();
    let mut daemon = ReplacedDaemon {
        sandbox,
        daemon: None,
    };
    daemon.replace();
    // Commands with another home find no daemon, so they open the store themselves.
    let elsewhere = Sandbox::new();
    let diary = Mutex::new(Diary::of(ENOUGH * soak() as usize));

    let kills = thread::scope(|scope| {
        let (diary, store, sandbox) = (&diary, &store, &elsewhere);
        let [library, http, commands] = WORKERS;
        let library = library.map(|number| (WorkerKind::Library, number));
        let http = http.map(|number| (WorkerKind::Http, number));
        let workers = library.chain(http).map(|(kind, number)| {
            scope.spawn(move || keep_busy(kind, number, sandbox, store, diary))
        });
        let workers: Vec<_> = workers.collect();
        let commands =
            commands.map(|number| scope.spawn(move || run_commands(number, sandbox, store, diary)));
        let threads: Vec<_> = workers.into_iter().chain(commands).collect();
        let guard = GiveUpOnPanic(diary);
        let kills = daemon.replace_until_full(diary, &threads);
        drop(guard);
        let others = threads.into_iter().map(|thread| thread.join().unwrap());
        kills + others.sum::<u32>()
    });
    daemon.daemon = None;

    let held = verified_allocations(&store);
    let diary = diary.into_inner().unwrap();
    diary.check(&held);
    assert_eq!(diary.given_up(), None, "{diary}");
    if soak() > 1 {
        let _ = writeln!(std::io::stderr(), "{kills} kills, {diary}");
    }
    assert!(kills > 0);
    assert!(diary.acknowledged() >= ENOUGH * soak() as usize, "{diary}");
    // Each kind of worker must have taken part.
    for workers in WORKERS {
        let context = format!("{workers:?}: {diary}");
        assert!(diary.acknowledged_by(workers.clone()) > 0, "{context}");
        assert!(diary.listed_by(workers) > 0, "{context}");
    }
}

/// Returns all allocations. Asserts that the store is intact and needs no repair.
fn verified_allocations(store: &Path) -> Vec<Allocation> {
    let registry = Registry::builder().with_path(store).open().unwrap();
    registry.try_write().unwrap();
    registry.verify().unwrap();
    let held = registry.list(&Filter::new()).unwrap();
    drop(registry);
    let mut database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(store)
        .unwrap();
    assert!(database.check_integrity().unwrap(), "it had to be repaired");
    held
}
