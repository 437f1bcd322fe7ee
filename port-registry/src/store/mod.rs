//! The one module that knows redb: the store's file, its tables, and who may use it when.

mod backend;
mod create;
mod disk;
mod fault;
mod file;
mod handle;
mod queue;
mod snapshot;
mod tables;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redb::{ReadableDatabase, WriteTransaction};

pub(crate) use self::fault::Fault;
use self::file::{Access, Found};
use self::handle::Handle;
use self::queue::lock_file::LockFile;
use self::queue::writer_turn;
use self::queue::writer_turn::WriterTurn;
use self::snapshot::image;
use self::tables::changes::Changes;
use self::tables::recent::Cache;
use self::tables::rows;
use self::tables::rows::NoRows;
pub(crate) use self::tables::rows::Rows;
pub(crate) use self::tables::write_txn::Ledger;
use crate::deadline::Deadline;

/// The least time there is to find out whether a commit that failed took effect.
const TIME_TO_LOOK_UP: Duration = Duration::from_secs(1);

/// One store file, which any number of processes use at once.
///
/// The file is opened when it is first needed: for reading only, until something is to be
/// written. So looking at a registry changes nothing and waits for nobody.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    wait: Duration,
    /// Readers repair a file that its last writer left unclean.
    mends: bool,
    /// The file as it is open here, if it is. Never held while anything is waited for.
    handle: Mutex<Option<Arc<Handle>>>,
}

/// The outcome of a transaction's work.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// Its changes are to be kept.
    Commit(T),
    /// Nothing was done, or nothing of it is to be kept.
    Abandon(T),
}

impl Store {
    pub(crate) fn new(path: &Path, wait: Duration) -> Store {
        let path = file::resolve_link(path);
        Store {
            path,
            wait,
            mends: true,
            handle: Mutex::default(),
        }
    }

    /// A store to be read as it is: one that would have to be mended first is read as an image.
    pub(crate) fn to_be_left_as_it_is(path: &Path, wait: Duration) -> Store {
        let mut store = Store::new(path, wait);
        store.mends = false;
        store
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The time that a call may wait.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Shows the latest commit to `look`, which may be asked several times. Waits for no writer, but for
    /// the second that it takes to find out that one was stopped at a bad moment.
    pub(crate) fn read<T>(
        &self,
        deadline: Deadline,
        mut look: impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.contain(deadline, || {
            let result = match self.try_read(deadline, &mut look) {
                // An earlier failure broke the handle, or a concurrent one just did. A new one
                // may do.
                Err(fault) if fault.breaks_handle() => self.try_read(deadline, &mut look),
                result => result,
            };
            match result {
                // A writer was stopped at a bad moment, or the file has to be mended before it can
                // be read, and cannot be written.
                Err(fault) if fault.leaves_an_image() => match self.read_image(&mut look) {
                    Err(Fault::Damaged(detail)) => Err(Fault::Damaged(detail)),
                    Err(Fault::Public(error)) => Err(Fault::Public(error)),
                    Err(_) => Err(fault),
                    result => result,
                },
                result => result,
            }
        })
    }

    /// Lets `work` change the store, and commits what it did: durably, or not at all. Creates the
    /// store where there is none.
    pub(crate) fn write<T>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(&mut Ledger) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Fault> {
        self.contain(deadline, || {
            let turn = self.acquire_turn(deadline)?;
            let (handle, txn) = self.begin_write(&turn, deadline)?;
            let worked = self.work(&txn, &handle.recent, work);
            self.discard_if_broken(&handle, &worked);
            let (result, changes) = worked?;
            let Some(changes) = changes else {
                txn.abort()?;
                return Ok(result);
            };
            let Err(error) = txn.commit() else {
                return Ok(result);
            };
            // It is of no more use, and may hold locks that are in the way.
            self.discard(&handle);
            drop(handle);
            match self.took_effect(&changes, &turn, deadline.or_after(TIME_TO_LOOK_UP)) {
                Ok(true) => Ok(result),
                Ok(false) => Err(error.into()),
                Err(_) => Err(Fault::OutcomeUnknown(error.into())),
            }
        })
    }

    /// Checks that the rows, both indexes, the free ports and the counters agree.
    pub(crate) fn check_consistency(&self, deadline: Deadline) -> Result<(), Fault> {
        self.read(deadline, |rows| rows.check())
    }

    /// Finds out what would keep a change from being stored now, without making any: the file or its lock
    /// file cannot be opened to write, or a writer holds one of their locks until the deadline.
    pub(crate) fn check_writable(&self, deadline: Deadline) -> Result<(), Fault> {
        let Found::Store(file) = file::find(&self.path, Access::ReadWrite)? else {
            return Ok(());
        };
        let lock_path = file::lock_path(&self.path);
        let not_locked = |error| lock_fault(&lock_path, &error);
        let lock = LockFile::open_existing(&lock_path).map_err(not_locked)?;
        let is_free = || {
            let is_locked = lock.as_ref().map_or(Ok(false), LockFile::is_locked);
            let is_free = !is_locked.map_err(not_locked)? && !backend::is_being_written(&file);
            Ok::<_, Fault>(is_free.then_some(()))
        };
        deadline.poll(is_free)?.ok_or(Fault::Busy)
    }

    /// Runs a transaction under its deadline. A panic ends it, and not the program.
    fn contain<T>(
        &self,
        deadline: Deadline,
        transaction: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        fault::catch(|| deadline.run(transaction)).unwrap_or_else(|| {
            // Nothing of what was touched is used again.
            self.let_go();
            // As a rule it was over a file that was damaged.
            image::check_whole(&self.path)?;
            let internal =
                io::Error::other("an internal failure, which was printed; please report it");
            Err(Fault::File(internal, Access::Read))
        })
    }

    fn try_read<T>(
        &self,
        deadline: Deadline,
        look: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let Some(handle) = self.readable(deadline)? else {
            return look(&NoRows);
        };
        // No wait but the least one, for locks that are held for an instant.
        let result = Deadline::after(Duration::ZERO)
            .run(|| handle.begin_read())
            .and_then(|txn| look(&rows::snapshot(&txn, &self.path, &handle.recent)?));
        self.discard_if_broken(&handle, &result);
        result
    }

    fn read_image<T>(
        &self,
        look: &mut impl FnMut(&dyn Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        image::read(&self.path, |image| match image {
            Some(image) => {
                let txn = image.begin_read()?;
                look(&rows::snapshot(&txn, &self.path, &Cache::default())?)
            }
            None => look(&NoRows),
        })
    }

    /// Does the work of a transaction; gives what it came to, and the changes if they are to be
    /// committed.
    fn work<T>(
        &self,
        txn: &WriteTransaction,
        cache: &Cache,
        work: impl FnOnce(&mut Ledger) -> Result<Outcome<T>, Fault>,
    ) -> Result<(T, Option<Changes>), Fault> {
        let mut ledger = Ledger::open(txn, &self.path, cache)?;
        Ok(match work(&mut ledger)? {
            Outcome::Commit(result) if ledger.has_changes() => {
                (result, Some(ledger.write_down(&self.path)?))
            }
            Outcome::Commit(result) | Outcome::Abandon(result) => (result, None),
        })
    }

    /// Tells if a commit took effect before it failed.
    fn took_effect(
        &self,
        changes: &Changes,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<bool, Fault> {
        deadline.run(|| {
            let handle = self.writable(turn, deadline)?;
            let txn = handle.begin_read()?;
            rows::snapshot(&txn, &self.path, &handle.recent)?.show(changes)
        })
    }

    fn begin_write(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<(Arc<Handle>, WriteTransaction), Fault> {
        match self.try_begin_write(turn, deadline) {
            // As in `read`.
            Err(fault) if fault.breaks_handle() => self.try_begin_write(turn, deadline),
            result => result,
        }
    }

    fn try_begin_write(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<(Arc<Handle>, WriteTransaction), Fault> {
        let handle = self.writable(turn, deadline)?;
        let txn = handle.begin_write();
        self.discard_if_broken(&handle, &txn);
        Ok((handle, txn?))
    }

    /// Waits for the turn to write.
    fn acquire_turn(&self, deadline: Deadline) -> Result<WriterTurn, Fault> {
        let lock_path = file::lock_path(&self.path);
        let acquired = match writer_turn::acquire(&lock_path, deadline) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk::create_folder(file::folder_of(&self.path)).map_err(create::not_created)?;
                writer_turn::acquire(&lock_path, deadline)
            }
            acquired => acquired,
        };
        match acquired {
            Ok(turn) => turn.ok_or(Fault::Busy),
            Err(error) => {
                // The store itself may be what cannot be used.
                file::find(&self.path, Access::ReadWrite)?;
                Err(lock_fault(&lock_path, &error))
            }
        }
    }
}

/// The fault of a lock file that cannot be opened or locked.
fn lock_fault(lock_path: &Path, error: &io::Error) -> Fault {
    let error = io::Error::new(error.kind(), format!("{}: {error}", lock_path.display()));
    Fault::File(error, Access::ReadWrite)
}

#[cfg(test)]
mod tests;
