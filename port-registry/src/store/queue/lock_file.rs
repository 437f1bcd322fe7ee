//! The lock file beside the store.
//!
//! Byte ranges are locked through redb's file backend, because the standard library only locks whole files. The
//! backend repeats calls that a signal interrupts (as of redb 4.6).

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::process;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::store::disk;
use crate::system::files::{FileId, id_in};

/// The byte whose exclusive lock is the writer lock. It is far beyond any content, because Windows makes locked bytes
/// unreadable for others.
const WRITER: Bound<u64> = Bound::Included(1 << 40);
/// The byte that all processes share a lock on while they wait for the writer lock.
const WAITING: Bound<u64> = Bound::Included((1 << 40) + 1);

/// An open lock file. Dropping it releases its locks.
///
/// The locks belong to the open file, which a forked child shares with its parent. Never release them in the
/// child, which only closes the file.
#[derive(Debug)]
pub(in crate::store) struct LockFile {
    backend: FileBackend,
    id: FileId,
    process: u32,
}

impl LockFile {
    /// Opens the file, and creates it if necessary.
    pub(in crate::store) fn open(path: &Path) -> io::Result<LockFile> {
        LockFile::of(disk::open_or_create(path)?)
    }

    /// Opens the file if it exists.
    pub(in crate::store) fn open_existing(path: &Path) -> io::Result<Option<LockFile>> {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => LockFile::of(file).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of(file: File) -> io::Result<LockFile> {
        Ok(LockFile {
            id: id_in(&file.metadata()?),
            backend: FileBackend::new(file).map_err(io::Error::other)?,
            process: process::id(),
        })
    }

    /// Tests if the file still has its name. The lock of a removed file excludes nobody.
    pub(in crate::store) fn is_current(&self, path: &Path) -> io::Result<bool> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(id_in(&metadata) == self.id),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the open file, which has the [marks](crate::store::mark) as its content.
    pub(in crate::store) fn backend(&self) -> &FileBackend {
        &self.backend
    }

    pub(in crate::store) fn id(&self) -> FileId {
        self.id
    }

    /// Takes the writer lock if it is free.
    pub(in crate::store) fn try_lock(&self) -> io::Result<bool> {
        Ok(self.backend.try_lock_range(WRITER, WRITER)?)
    }

    /// Waits for the writer lock without a limit. Others see the wait by [`is_awaited`](Self::is_awaited).
    pub(in crate::store) fn lock(&self) -> io::Result<()> {
        self.backend.lock_shared_range(WAITING, WAITING)?;
        self.backend.lock_range(WRITER, WRITER)?;
        Ok(self.backend.unlock_range(WAITING, WAITING)?)
    }

    /// Looks to others like a process that waits for the lock.
    #[cfg(test)]
    pub(in crate::store) fn pretend_to_wait(&self) {
        self.backend.lock_shared_range(WAITING, WAITING).unwrap();
    }

    /// Tests if another process has the writer lock.
    pub(in crate::store) fn is_locked(&self) -> io::Result<bool> {
        Ok(self.backend.query_lock_range(WRITER, WRITER)?)
    }

    /// Tests if another process waits for the writer lock.
    pub(in crate::store) fn is_awaited(&self) -> io::Result<bool> {
        Ok(self.backend.query_lock_range(WAITING, WAITING)?)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.process == process::id() {
            // This releases the locks even if a forked child has the file open too. It cannot fail for an open file.
            let _ = self.backend.close();
        }
    }
}
