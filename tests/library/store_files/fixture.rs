//! Stores, and files of other programs.

use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{
    Allocation, Answer, Atomicity, Claim, Error, Registry, Request, ServiceKey, Verdict,
};
use redb::{Database, TableDefinition, WriteTransaction};
use tempfile::TempDir;
use twox_hash::XxHash64;

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

pub(super) const PORTS: TableDefinition<u16, u64> = TableDefinition::new("ports");

/// Returns the path of a store's journal.
pub(super) fn journal_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// Moves a store without its lock file.
pub(super) fn move_store(from: &Path, to: &Path) {
    fs::rename(journal_of(from), journal_of(to)).unwrap();
    fs::rename(from, to).unwrap();
}

/// Opens the store's database, as no program should.
pub(super) fn open_database(store: &Path) -> Database {
    Database::open(store).unwrap()
}

/// Changes the store's database, so that its journal still belongs to it.
pub(super) fn change_database(store: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = open_database(store);
    let txn = database.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
    drop(database);
    // The length and the hash of the database are the last numbers of the header, which ends with its own hash.
    let content = fs::read(store).unwrap();
    let mut journal = fs::read(journal_of(store)).unwrap();
    journal[80..88].copy_from_slice(&(content.len() as u64).to_le_bytes());
    journal[88..96].copy_from_slice(&XxHash64::oneshot(0, &content).to_le_bytes());
    let hash = XxHash64::oneshot(0, &journal[..4088]).to_le_bytes();
    journal[4088..4096].copy_from_slice(&hash);
    fs::write(journal_of(store), journal).unwrap();
}

/// Changes a number in the store's table of metadata.
pub(super) fn set_meta(store: &Path, name: &str, number: u64) {
    change_database(store, |txn| {
        txn.open_table(META).unwrap().insert(name, number).unwrap();
    });
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
    let database = Database::create(path).unwrap();
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
