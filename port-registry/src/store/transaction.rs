//! Transactions on the store.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redb::{ReadableDatabase, WriteTransaction};

use super::backend;
use super::fault::Access;
use super::fault::{self, Fault};
use super::file::{self, FoundFile};
use super::handle::Handle;
use super::handle_cache::HandleCache;
pub(crate) use super::handle_cache::Recovery;
use super::queue::lock_file::LockFile;
use super::queue::writer_turn::WriterTurn;
use super::snapshot::{check, image};
use super::tables::changes::Changes;
use super::tables::recent::RecentCache;
use super::tables::rows::{NoRows, Rows, StoredRows};
use super::tables::write_txn::WriteTxn;
use crate::deadline::Deadline;
use crate::error::Error;

/// The minimum time to find out if a failed commit took effect.
const MIN_LOOKUP_TIME: Duration = Duration::from_secs(1);

/// A store file that any number of processes use at the same time.
#[derive(Debug)]
pub(crate) struct Store {
    handles: HandleCache,
}

/// The decision about the changes of a transaction, with its result.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Commit(T),
    Abandon(T),
}

impl Store {
    pub(crate) fn new(path: &Path, wait: Duration, recovery: Recovery) -> Store {
        Store {
            handles: HandleCache::new(file::resolve_link(path), wait, recovery),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.handles.path()
    }

    /// Returns how often the file was found to be removed or replaced.
    #[cfg(feature = "daemon")]
    pub(crate) fn replacements(&self) -> u64 {
        self.handles.replacements()
    }

    /// Returns the time that a call may wait by default.
    pub(crate) fn wait(&self) -> Duration {
        self.handles.wait()
    }

    /// Calls `query` with the rows of the latest commit, and again if the handle turns out to be broken.
    ///
    /// Waits for writers in two cases only. If one was suspended while it held a lock that readers need, the wait is up
    /// to a second. If one was killed and left the file unclean, this waits for the turn to write until the deadline,
    /// and repairs the file.
    pub(crate) fn read<T>(
        &self,
        deadline: Deadline,
        mut query: impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let read = self.contain_panic(|| self.read_with_fallbacks(deadline, &mut query));
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
    /// Returns the error that a write would fail with: a file cannot be opened for writing, or a writer holds a lock
    /// until the deadline.
    pub(crate) fn check_writable(&self, deadline: Deadline) -> Result<(), Error> {
        let checked = self.wait_until_writable(deadline);
        checked.map_err(|fault| fault.into_error(self.path(), deadline))
    }

    /// Closes the file. The next transaction opens it again.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.handles.clear();
    }

    /// Runs a transaction, and returns a fault if it panics.
    fn contain_panic<T>(&self, transaction: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        fault::catch_panic(transaction).unwrap_or_else(|| {
            // Never use the handle again after a panic.
            self.handles.clear();
            // Most panics are due to a damaged file.
            check::check_path(self.path())?;
            let internal =
                io::Error::other("an internal error, which was printed; please report it");
            Err(Fault::File(internal, Access::Read))
        })
    }

    /// Reads through the handle, then through a new one if it is broken, then from an image of the file.
    fn read_with_fallbacks<T>(
        &self,
        deadline: Deadline,
        query: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let _current = deadline.enter();
        let result = match self.read_through_handle(deadline, query) {
            // An earlier failure broke the handle, or a concurrent one did just now.
            Err(fault) if fault.breaks_handle() => self.read_through_handle(deadline, query),
            result => result,
        };
        match result {
            // A writer was suspended while it held a lock that readers need, the file needs a repair but cannot be written
            // to, or reading it through redb failed.
            Err(fault) if fault.allows_image() => match self.read_image(query) {
                Err(Fault::Damaged(detail)) => Err(Fault::Damaged(detail)),
                Err(Fault::Public(error)) => Err(Fault::Public(error)),
                Err(_) => Err(fault),
                result => result,
            },
            result => result,
        }
    }

    fn read_through_handle<T>(
        &self,
        deadline: Deadline,
        query: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let Some(handle) = self.handles.readable(deadline)? else {
            return query(&NoRows);
        };
        let result = read_rows(&handle, self.path(), query);
        self.handles.discard_if_broken(&handle, &result);
        result
    }

    fn read_image<T>(
        &self,
        query: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        image::read(self.path(), |image| match image {
            Some(image) => {
                let txn = image.begin_read()?;
                query(&StoredRows::read(
                    &txn,
                    self.path(),
                    &RecentCache::default(),
                )?)
            }
            None => query(&NoRows),
        })
    }

    fn write_and_commit<T>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(&mut WriteTxn) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Fault> {
        let _current = deadline.enter();
        let turn = self.handles.acquire_turn(deadline)?;
        let (handle, txn) = self.begin_write(&turn, deadline)?;
        let worked = run_work(&txn, self.path(), &handle.recent, work);
        self.handles.discard_if_broken(&handle, &worked);
        let (result, changes) = worked?;
        let Some(changes) = changes else {
            txn.abort()?;
            return Ok(result);
        };
        let Err(error) = txn.commit() else {
            handle.note_commit();
            return Ok(result);
        };
        // The broken handle may hold locks that the lookup needs.
        self.handles.discard(&handle);
        drop(handle);
        match self.is_committed(&changes, &turn, deadline.or_after(MIN_LOOKUP_TIME)) {
            Ok(true) => Ok(result),
            Ok(false) => Err(error.into()),
            Err(_) => Err(Fault::OutcomeUnknown(error.into())),
        }
    }

    fn begin_write(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<(Arc<Handle>, WriteTransaction), Fault> {
        match self.begin_write_once(turn, deadline) {
            // An earlier failure broke the handle.
            Err(fault) if fault.breaks_handle() => self.begin_write_once(turn, deadline),
            result => result,
        }
    }

    fn begin_write_once(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<(Arc<Handle>, WriteTransaction), Fault> {
        let handle = self.handles.writable(turn, deadline)?;
        let txn = handle.begin_write();
        self.handles.discard_if_broken(&handle, &txn);
        Ok((handle, txn?))
    }

    /// Finds out if a commit took effect before it failed.
    fn is_committed(
        &self,
        changes: &Changes,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<bool, Fault> {
        let _current = deadline.enter();
        let handle = self.handles.writable(turn, deadline)?;
        let txn = handle.begin_read()?;
        StoredRows::read(&txn, self.path(), &handle.recent)?.contain(changes)
    }

    fn wait_until_writable(&self, deadline: Deadline) -> Result<(), Fault> {
        let FoundFile::Store(file) = file::find(self.path(), Access::ReadWrite)? else {
            return Ok(());
        };
        let lock_path = file::lock_path(self.path());
        let not_locked = |error| file::lock_fault(&lock_path, &error);
        let lock = LockFile::open_existing(&lock_path).map_err(not_locked)?;
        let is_free = || {
            let is_locked = lock.as_ref().map_or(Ok(false), LockFile::is_locked);
            let is_free = !is_locked.map_err(not_locked)? && !backend::is_being_written(&file);
            Ok::<_, Fault>(is_free.then_some(()))
        };
        deadline.poll(is_free)?.ok_or(Fault::Busy)
    }
}

fn read_rows<T>(
    handle: &Handle,
    path: &Path,
    query: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let txn = {
        // Readers wait only for locks that are held for an instant.
        let _current = Deadline::after(Duration::ZERO).enter();
        handle.begin_read()?
    };
    query(&StoredRows::read(&txn, path, &handle.recent)?)
}

/// Does the work of a transaction. Returns its result, and the changes if they are to be committed.
fn run_work<T>(
    txn: &WriteTransaction,
    path: &Path,
    cache: &RecentCache,
    work: impl FnOnce(&mut WriteTxn) -> Result<Outcome<T>, Fault>,
) -> Result<(T, Option<Changes>), Fault> {
    let mut txn = WriteTxn::begin(txn, path, cache)?;
    Ok(match work(&mut txn)? {
        Outcome::Commit(result) if txn.has_changes() => (result, Some(txn.store_changes(path)?)),
        Outcome::Commit(result) | Outcome::Abandon(result) => (result, None),
    })
}
