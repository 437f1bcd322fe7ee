//! Stores, and files of other programs.

use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{
    Allocation, Answer, Atomicity, Claim, Error, Registry, Request, ServiceKey, Verdict,
};
use redb::{ConcurrencyMode, Database, TableDefinition};
use tempfile::TempDir;

pub(super) fn open(path: impl Into<PathBuf>) -> Result<Registry, Error> {
    let all_free = |_| Ok(Verdict::Free);
    Registry::builder()
        .with_path(path)
        .with_probe(all_free)
        .open()
}

pub(super) fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
}

/// Creates a folder with a file that is not a registry.
pub(super) fn folder_with(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.db");
    fs::write(&path, content).unwrap();
    (folder, path)
}

pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// App, instance, service, port, time, checkout, label origin, and the app and instance of the checkout's name.
pub(super) type Row<'a> = (
    &'a str,
    &'a str,
    &'a str,
    u16,
    u64,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
);

/// Number of the change; id, true if the port is held, and row.
pub(super) const RECENT: TableDefinition<u64, (u64, bool, Row<'static>)> =
    TableDefinition::new("recent");

/// Opens the store's file as the registry does.
pub(super) fn open_database(store: &Path) -> Database {
    Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(store)
        .unwrap()
}

/// Changes a number in the store's table of metadata.
pub(super) fn set_meta(store: &Path, name: &str, number: u64) {
    let database = open_database(store);
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(name, number).unwrap();
    txn.commit().unwrap();
}

/// Makes so many allocations that the store merges them into its tables.
pub(super) fn fill(registry: &Registry) -> Vec<Allocation> {
    let claims = (0..300).map(|number| Request::Allocate(claim(&format!("service-{number}"))));
    let claims: Vec<_> = claims.collect();
    let answers = registry.apply(&claims, Atomicity::AllOrNothing).unwrap();
    let allocations = answers.into_iter().map(|answer| match answer {
        Ok(Answer::Allocated(allocation)) => allocation,
        other => panic!("{other:?}"),
    });
    allocations.collect()
}

/// Creates another program's database with the same storage engine.
pub(super) fn other_database(path: &Path) -> Database {
    let database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .create(path)
        .unwrap();
    let txn = database.begin_write().unwrap();
    let table: TableDefinition<&str, &str> = TableDefinition::new("settings");
    txn.open_table(table).unwrap().insert("a", "b").unwrap();
    txn.commit().unwrap();
    database
}

/// Returns the sorted names of all files in the folder of a file.
pub(super) fn neighbours(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
