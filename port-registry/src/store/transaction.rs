//! Transactions on the store.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::{self, Access, Fault};
use super::files::{self, StoreFiles, fault_at};
use super::journal::file::JournalFile;
use super::mark;
use super::queue::lock_file::LockFile;
use super::snapshot_cache::SnapshotCache;
use super::tables::rows::{NoRows, Rows, StoredRows};
use super::tables::write_txn::WriteTxn;
use super::tenure::Tenure;
use crate::deadline::Deadline;
use crate::error::Error;

/// A store that any number of processes use at the same time.
#[derive(Debug)]
pub(crate) struct Store {
    /// The path that was named, which may be a symbolic link.
    named: PathBuf,
    path: PathBuf,
    wait: Duration,
    cache: SnapshotCache,
}

/// The decision about the changes of a transaction, with its result.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Commit(T),
    Abandon(T),
}

impl Store {
    pub(crate) fn new(path: &Path, wait: Duration) -> Store {
        Store {
            named: path.to_owned(),
            path: StoreFiles::at(path).database,
            wait,
            cache: SnapshotCache::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how often the files were found to be removed or replaced.
    #[cfg(feature = "daemon")]
    pub(crate) fn replacements(&self) -> u64 {
        self.cache.replacements()
    }

    /// Returns the time that a call may wait by default.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Calls `query` with the rows of the latest commit. Waits for nobody, and changes nothing.
    pub(crate) fn read<T>(
        &self,
        deadline: Deadline,
        mut query: impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let read = self.contain_panic(|| match self.cache.latest(&self.files(), deadline)? {
            Some(snapshot) => query(&StoredRows::new(snapshot)),
            None => query(&NoRows),
        });
        read.map_err(|fault| fault.into_error(self.path(), deadline))
    }

    /// Calls `work` with a write transaction, and commits it durably if `work` says so. Creates the store if it
    /// does not exist.
    pub(crate) fn write<T>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(&mut WriteTxn) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Error> {
        let written = self.contain_panic(|| self.write_and_commit(deadline, work));
        written.map_err(|fault| fault.into_error(self.path(), deadline))
    }

    /// Tests if a change could be stored now, without making one.
    ///
    /// # Errors
    ///
    /// Returns the error that a write would fail with: a file cannot be opened for writing, or a writer holds the lock
    /// until the deadline.
    pub(crate) fn check_writable(&self, deadline: Deadline) -> Result<(), Error> {
        let checked = self.wait_until_writable(deadline);
        checked.map_err(|fault| fault.into_error(self.path(), deadline))
    }

    /// Forgets what was read. The next transaction opens the files again.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.cache.clear();
    }

    fn files(&self) -> StoreFiles {
        StoreFiles::at(&self.named)
    }

    /// Runs a transaction, and returns a fault if it panics. redb panics on some pages that were damaged since it wrote
    /// them.
    fn contain_panic<T>(&self, transaction: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        fault::catch_panic(transaction).unwrap_or_else(|| {
            // Open and verify everything anew after a panic.
            self.cache.clear();
            let internal =
                io::Error::other("an internal error, which was printed; please report it");
            Err(Fault::File(internal, Access::Read))
        })
    }

    fn write_and_commit<T>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(&mut WriteTxn) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Fault> {
        let files = self.files();
        let mut tenure = Tenure::begin(&files, &self.cache, deadline)?;
        let mut txn = WriteTxn::begin(tenure.snapshot().clone());
        let result = match work(&mut txn)? {
            Outcome::Commit(result) if txn.has_changes() => result,
            Outcome::Commit(result) | Outcome::Abandon(result) => return Ok(result),
        };
        let (changes, next_id) = txn.into_changes();
        tenure.commit(&changes, next_id)?;
        tenure.merge_if_due();
        Ok(result)
    }

    fn wait_until_writable(&self, deadline: Deadline) -> Result<(), Fault> {
        let files = self.files();
        if files::open_database(&files.database)?.is_none() {
            return Ok(());
        }
        let not_locked = fault_at(&files.lock, Access::ReadWrite);
        let lock = LockFile::open_existing(&files.lock).map_err(not_locked)?;
        let is_free = || {
            let is_locked = lock.as_ref().map_or(Ok(false), LockFile::is_locked);
            Ok::<_, Fault>((!is_locked.map_err(not_locked)?).then_some(()))
        };
        deadline.poll(is_free)?.ok_or(Fault::Busy)?;
        if let Some(lock) = &lock {
            mark::read_locked(lock, &files.lock)?;
        }
        match JournalFile::open(&files.journal, Access::ReadWrite)? {
            Some(_) => Ok(()),
            None => Err(files.journal_missing()),
        }
    }
}
