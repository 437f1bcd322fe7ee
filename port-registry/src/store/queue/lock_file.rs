//! The file beside the store whose locks are the queue of writers.
//!
//! Its ranges of bytes are locked through redb's file backend, which repeats calls that a signal interrupts
//! (as of redb 4.6).

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;
use std::process;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::store::file::has_id;
use crate::system::files::{FileId, id_in, private};

/// The byte whose exclusive lock is the writer lock. It lies far behind any content, since on Windows nobody
/// else can read a locked byte.
const WRITER: Bound<u64> = Bound::Included(1 << 40);
/// The byte that those that wait for the writer lock have locked together.
const WAITING: Bound<u64> = Bound::Included((1 << 40) + 1);

/// The lock file, open. The locks that are taken through it are released when it is dropped.
///
/// They belong to the open file, which a forked child shares with its parent. So the child closes the file
/// and leaves the locks alone.
#[derive(Debug)]
pub(in crate::store) struct LockFile {
    /// Locks ranges of bytes, for which the standard library has nothing.
    backend: FileBackend,
    id: FileId,
    process: u32,
}

impl LockFile {
    /// Opens the file, creating it if need be. It stays empty.
    pub(in crate::store) fn open(path: &Path) -> io::Result<LockFile> {
        let mut options = OpenOptions::new();
        LockFile::of(private(options.read(true).write(true).create(true)).open(path)?)
    }

    /// Opens the file if it exists, and changes nothing.
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

    /// Tells if the file still has its name. The lock of one that was removed excludes nobody.
    pub(in crate::store) fn is_current(&self, path: &Path) -> bool {
        has_id(path, self.id)
    }

    /// Takes the writer lock, if it is free.
    pub(in crate::store) fn try_lock(&self) -> io::Result<bool> {
        Ok(self.backend.try_lock_range(WRITER, WRITER)?)
    }

    /// Waits for the writer lock, without a limit, and lets others see that somebody waits.
    pub(in crate::store) fn lock(&self) -> io::Result<()> {
        self.backend.lock_shared_range(WAITING, WAITING)?;
        self.backend.lock_range(WRITER, WRITER)?;
        Ok(self.backend.unlock_range(WAITING, WAITING)?)
    }

    /// Looks like a process that waits and gets no time to take the lock.
    #[cfg(test)]
    pub(in crate::store) fn pretend_to_wait(&self) {
        self.backend.lock_shared_range(WAITING, WAITING).unwrap();
    }

    /// Tells if somebody else has the writer lock.
    pub(in crate::store) fn is_locked(&self) -> io::Result<bool> {
        Ok(self.backend.query_lock_range(WRITER, WRITER)?)
    }

    /// Tells if somebody else waits for the writer lock.
    pub(in crate::store) fn is_awaited(&self) -> io::Result<bool> {
        Ok(self.backend.query_lock_range(WAITING, WAITING)?)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.process == process::id() {
            // Closing it alone would not do while a forked child has it open too. It fails for no file that
            // is open.
            let _ = self.backend.close();
        }
    }
}
