//! What the library costs in process, beside what the disk charges for anything durable.
//!
//! Right before each measurement 4 KiB are written and synced, once in place and once at the end of a
//! growing file, so that all three meet the same disk at the same moment. divan prints the times; the
//! table at the end has the medians of the ratios.
//!
//! `cargo bench --bench store [-- NAME]`; `BENCH_DIR` names the folder, and so the disk.

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use divan::Bencher;
use port_registry::{
    Answer, Atomicity, Claim, Filter, Port, Registry, Request, ServiceKey, Verdict,
};
use redb::{ConcurrencyMode, Database, TableDefinition};
use tempfile::TempDir;

use crate::support::report::say;
use crate::support::{Charge, Disk, Series, scratch};

/// How many rows the registry holds already.
const ROWS: [u32; 4] = [0, 1_000, 10_000, 60_000];

/// How many requests each client makes in a round of a group commit.
const REQUESTS: u32 = 16;

/// Where the ports are of which most are in use, which no fill comes to.
const BUSY: std::ops::RangeInclusive<u16> = 64_000..=64_199;

/// What a call of the library gives, in which nothing may fail.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    divan::main();
    if std::env::args().all(|word| word != "--bench") {
        // cargo adds it. Without it all is done once, to see whether it works.
        return Ok(());
    }
    let results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
    say("")?;
    say("medians, and medians of the ratios to 4 KiB and an fdatasync of the same moment")?;
    say("                                  rows         us   x in place     x append")?;
    for ((name, rows), series) in results.iter() {
        let [time, in_place, append] = series.medians();
        say(&format!(
            "{name:<30} {rows:>7} {time:>10.1} {in_place:>12.2} {append:>12.2}"
        ))?;
    }
    Ok(())
}

static RESULTS: LazyLock<Mutex<BTreeMap<(&'static str, u32), Series>>> =
    LazyLock::new(Mutex::default);

/// A registry with so many rows, and a disk to compare it with.
struct Scene {
    folder: TempDir,
    disk: Disk,
    store: PathBuf,
    rows: u32,
    next: u32,
}

impl Scene {
    fn new(rows: u32) -> Scene {
        let folder = expect(scratch(env!("CARGO_TARGET_TMPDIR")));
        let store = folder.path().join("ports.redb");
        expect(fill(&store, rows));
        Scene {
            disk: expect(Disk::new(folder.path())),
            folder,
            store,
            rows,
            next: rows,
        }
    }

    fn open(&self) -> Registry {
        expect(Registry::builder().with_path(&self.store).open())
    }

    /// A claim for a service that has no port.
    fn claim(&mut self) -> Claim {
        let claim = claim(self.next);
        self.next += 1;
        claim
    }

    /// Measures what is done with what is made ready each time.
    fn measure<T, R>(
        mut self,
        bencher: Bencher,
        name: &'static str,
        mut prepare: impl FnMut(&mut Scene) -> T,
        mut work: impl FnMut(T) -> R,
    ) {
        let mut series = Series::default();
        let rows = self.rows;
        bencher
            .with_inputs(|| {
                let ready = prepare(&mut self);
                (ready, expect(self.disk.charge()))
            })
            .bench_local_values(|(ready, charge)| {
                let start = Instant::now();
                let result = work(ready);
                series.note(start.elapsed(), charge);
                result
            });
        note(name, rows, series);
    }
}

fn note(name: &'static str, rows: u32, series: Series) {
    let mut results = RESULTS.lock().unwrap_or_else(PoisonError::into_inner);
    results.insert((name, rows), series);
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn allocate(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let registry = scene.open();
    scene.measure(bencher, "allocate", Scene::claim, |claim| {
        expect(registry.allocate(claim))
    });
}

/// A commit of the storage engine alone, of one number, in the sharing mode that the registry needs.
#[divan::bench(sample_count = 400, sample_size = 1)]
fn engine(bencher: Bencher) {
    const TABLE: TableDefinition<&str, u32> = TableDefinition::new("one row");
    let scene = Scene::new(0);
    let engine = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .create(scene.folder.path().join("engine.redb"));
    let engine = expect(engine);
    let mut number = 0;
    let mut commit = |()| -> Result<()> {
        let txn = engine.begin_write()?;
        number += 1;
        txn.open_table(TABLE)?.insert("row", number)?;
        Ok(txn.commit()?)
    };
    scene.measure(
        bencher,
        "(the engine alone)",
        |_| (),
        |()| expect(commit(())),
    );
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn allocate_where_most_ports_are_in_use(bencher: Bencher, rows: u32) {
    // All but the last ones.
    let ports = *BUSY.start()..=BUSY.end() - 20;
    let listeners: Vec<_> = ports
        .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .collect();
    let scene = Scene::new(rows);
    let range = expect(format!("{}-{}", BUSY.start(), BUSY.end()).parse());
    let registry = Registry::builder()
        .with_path(&scene.store)
        .with_range(range)
        .open();
    let registry = expect(registry);
    let name = "allocate past 180 busy ports";
    scene.measure(bencher, name, Scene::claim, |claim| {
        let allocation = expect(registry.allocate(claim));
        // So that there are ports left.
        expect(registry.release(allocation.id))
    });
    drop(listeners);
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn get_or_allocate_what_is_there(bencher: Bencher, rows: u32) {
    let mut scene = Scene::new(rows);
    let registry = scene.open();
    let claim = scene.claim();
    expect(registry.allocate(claim.clone()));
    scene.measure(
        bencher,
        "get or allocate, a hit",
        |_| claim.clone(),
        |claim| expect(registry.get_or_allocate(claim)),
    );
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn release(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let registry = scene.open();
    scene.measure(
        bencher,
        "release",
        |scene| expect(registry.allocate(scene.claim())).id,
        |id| expect(registry.release(id)),
    );
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn check(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let registry = scene.open();
    let port = expect(Port::new(3005));
    scene.measure(
        bencher,
        "check",
        |_| port,
        |port| expect(registry.check(port)),
    );
}

#[divan::bench(args = &ROWS[1..], sample_count = 200, sample_size = 1)]
fn list_100(bencher: Bencher, rows: u32) {
    list(bencher, rows, "list of 100", 100);
}

#[divan::bench(args = &ROWS[2..], sample_count = 100, sample_size = 1)]
fn list_10_000(bencher: Bencher, rows: u32) {
    list(bencher, rows, "list of 10,000", 10_000);
}

fn list(bencher: Bencher, rows: u32, name: &'static str, count: usize) {
    let scene = Scene::new(rows);
    let registry = scene.open();
    let filter = match count {
        100 => Filter::new().with_app(HUNDRED),
        _ if rows == 10_000 => Filter::new(),
        _ => Filter::new().with_app(TEN_THOUSAND),
    };
    assert_eq!(expect(registry.list(&filter)).len(), count);
    scene.measure(bencher, name, |_| (), |()| expect(registry.list(&filter)));
}

/// What a build script does.
#[divan::bench(args = ROWS, sample_count = 200, sample_size = 1)]
fn open_allocate_close(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let store = scene.store.clone();
    scene.measure(bencher, "open, allocate, close", Scene::claim, |claim| {
        let registry = expect(Registry::builder().with_path(&store).open());
        expect(registry.allocate(claim))
    });
}

#[divan::bench(args = [1, 8, 64], sample_count = 40, sample_size = 1)]
fn group_commit(bencher: Bencher, clients: u32) {
    let scene = Scene::new(0);
    let registry = scene.open();
    let mut series = Series::default();
    let (queue, jobs) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || commit_groups(&registry, &jobs));
        let mut next = 0;
        bencher
            .with_inputs(|| expect(scene.disk.charge()))
            .bench_local_values(|charge: Charge| {
                let start = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..clients {
                        let (queue, numbers) = (queue.clone(), next..next + REQUESTS);
                        next += REQUESTS;
                        scope.spawn(move || ask(&queue, numbers));
                    }
                });
                series.note(start.elapsed() / (clients * REQUESTS), charge);
            });
        drop(queue);
    });
    let name = match clients {
        1 => "group commit,  1 thread, each",
        8 => "group commit,  8 threads, each",
        _ => "group commit, 64 threads, each",
    };
    note(name, 0, series);
}

/// A request, and the way back of its answer.
type Job = (Request, Sender<bool>);

/// Commits what has queued up at once, as the daemon does.
fn commit_groups(registry: &Registry, jobs: &Receiver<Job>) {
    while let Ok((first, client)) = jobs.recv() {
        let (mut requests, mut clients) = (vec![first], vec![client]);
        let answers = registry.apply_group(&mut requests, Duration::from_secs(5), |requests| {
            for (request, client) in jobs.try_iter() {
                requests.push(request);
                clients.push(client);
            }
        });
        for (answer, client) in std::iter::zip(expect(answers), clients) {
            let _ = client.send(matches!(answer, Some(Ok(Answer::Allocated(_)))));
        }
    }
}

fn ask(queue: &Sender<Job>, numbers: std::ops::Range<u32>) {
    let (client, answer) = mpsc::channel();
    for number in numbers {
        expect(queue.send((Request::Allocate(claim(number)), client.clone())));
        assert!(expect(answer.recv()), "an allocation failed");
    }
}

/// Gives the registry its first rows.
fn fill(store: &Path, rows: u32) -> Result<()> {
    let registry = Registry::builder()
        .with_path(store)
        .with_probe(|_| Ok(Verdict::Free))
        .open()?;
    let numbers: Vec<u32> = (0..rows).collect();
    for numbers in numbers.chunks(1000) {
        let claims = numbers
            .iter()
            .map(|&number| Request::Allocate(claim(number)));
        let claims: Vec<_> = claims.collect();
        for answer in registry.apply(&claims, Atomicity::AllOrNothing)? {
            answer?;
        }
    }
    Ok(())
}

/// The app of the first 100 rows.
const HUNDRED: &str = "a hundred";
/// The app of the 10,000 after them.
const TEN_THOUSAND: &str = "ten thousand";

/// Names as people give them, in no particular order.
fn claim(number: u32) -> Claim {
    let scattered = number.wrapping_mul(2_654_435_761);
    let app = match number {
        0..100 => HUNDRED.to_owned(),
        100..10_100 => TEN_THOUSAND.to_owned(),
        _ => format!("project-{}", scattered % 97),
    };
    let instance = format!("feature-{}", scattered % 389);
    let key = ServiceKey::new(app, instance, format!("service-{number}"));
    Claim::new(expect(key))
        .with_dir("/home/me/project")
        .expect("a path")
}

/// A benchmark has nothing to do where something fails.
#[track_caller]
fn expect<T, E: std::fmt::Debug>(result: std::result::Result<T, E>) -> T {
    result.expect("nothing fails here")
}
