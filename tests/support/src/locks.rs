//! Locks that a writer of the store takes.

use std::fs::{File, OpenOptions};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

/// Takes the writer lock, as a writer does until after its commit.
pub fn lock_queue(store: &Path) -> FileBackend {
    let lock = FileBackend::new(open_for_writing(&lock_file(store))).unwrap();
    let writer_byte = Bound::Included(1 << 40);
    lock.lock_range(writer_byte, writer_byte).unwrap();
    lock
}

/// Path of the file that [`lock_queue`] locks.
pub fn lock_file(store: &Path) -> PathBuf {
    store.with_file_name("ports.redb.lock")
}

fn open_for_writing(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).unwrap()
}
