//! The files of a store, which belong together.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the path of a store's journal.
pub fn journal_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// Moves a store: the database and its journal.
#[track_caller]
pub fn move_store(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
    fs::rename(journal_of(from), journal_of(to)).unwrap();
}

/// Copies a store into new files, or over existing ones, as `cp` does.
#[track_caller]
pub fn copy_store(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    fs::copy(journal_of(from), journal_of(to)).unwrap();
}

/// Removes a store: the database and its journal.
#[track_caller]
pub fn remove_store(store: &Path) {
    fs::remove_file(store).unwrap();
    fs::remove_file(journal_of(store)).unwrap();
}
