//! Locks that a writer of the store takes.

use std::fs::{File, OpenOptions};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

/// Takes the lock that a writer holds from opening the store until after its commit.
pub fn lock_queue(store: &Path) -> FileBackend {
    let lock = FileBackend::new(open_for_writing(&lock_file(store))).unwrap();
    let writer_byte = Bound::Included(1 << 40);
    lock.lock_range(writer_byte, writer_byte).unwrap();
    lock
}

/// Takes the locks on the store itself that a writer holds during the last step of a commit.
pub fn lock_header(store: &Path) -> FileBackend {
    let file = FileBackend::new(open_for_writing(store)).unwrap();
    let writer_byte = Bound::Included(1 << 62);
    file.lock_range(writer_byte, writer_byte).unwrap();
    file.lock_range(Bound::Included(0), Bound::Excluded(320))
        .unwrap();
    file
}

/// Path of the file that [`lock_queue`] locks.
pub fn lock_file(store: &Path) -> PathBuf {
    store.with_file_name("ports.redb.lock")
}

fn open_for_writing(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).unwrap()
}
