//! The operations of a registry, each a benchmark.

use std::net::TcpListener;
use std::ops::RangeInclusive;

use divan::Bencher;
use port_registry::{Filter, Port, Registry};
use redb::{ConcurrencyMode, Database, TableDefinition};

use crate::report::BenchResult;
use crate::rows::{HUNDRED, TEN_THOUSAND};
use crate::scene::{Scene, expect};

/// Numbers of rows in the registry.
const ROWS: [u32; 4] = [0, 1_000, 10_000, 60_000];

/// A range of ports of which most are in use. It lies above the ports of the rows.
const BUSY: RangeInclusive<u16> = 64_000..=64_199;

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn allocate(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let registry = scene.open();
    scene.measure(bencher, "allocate", Scene::claim, |claim| {
        expect(registry.allocate(claim))
    });
}

/// Commits one number with the storage engine alone, in the sharing mode that the registry needs.
#[divan::bench(sample_count = 400, sample_size = 1)]
fn engine(bencher: Bencher) {
    const TABLE: TableDefinition<&str, u32> = TableDefinition::new("one row");
    let scene = Scene::new(0);
    let engine = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .create(scene.folder.path().join("engine.redb"));
    let engine = expect(engine);
    let mut number = 0;
    let mut commit = |()| -> BenchResult<()> {
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
    // Leave the last ones free.
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
        // Keep the free ports from running out.
        expect(registry.release(allocation.id))
    });
    drop(listeners);
}

#[divan::bench(args = ROWS, sample_count = 400, sample_size = 1)]
fn get_or_allocate_existing(bencher: Bencher, rows: u32) {
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

/// Opens, allocates and closes, like a build script.
#[divan::bench(args = ROWS, sample_count = 200, sample_size = 1)]
fn open_allocate_close(bencher: Bencher, rows: u32) {
    let scene = Scene::new(rows);
    let store = scene.store.clone();
    scene.measure(bencher, "open, allocate, close", Scene::claim, |claim| {
        let registry = expect(Registry::builder().with_path(&store).open());
        expect(registry.allocate(claim))
    });
}
