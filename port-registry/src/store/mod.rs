//! The one module that knows redb: the store's file, its tables, and who may use it when.

mod backend;
mod changed_ports;
mod changes;
mod create;
mod disk;
mod fault;
mod free_ports;
mod image;
mod ledger;
mod recent;
mod rows;
mod schema;
mod tables;
mod turn;
mod view;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redb::{
    Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    TransactionError, WriteTransaction,
};

use self::backend::PatientBackend;
use self::changes::Changes;
use self::create::{Access, Found, StoreFile};
pub(crate) use self::fault::Fault;
pub(crate) use self::ledger::Ledger;
use self::recent::Cache;
use self::rows::NoRows;
pub(crate) use self::rows::Rows;
use self::turn::{Turn, Turnstile};
use crate::deadline::Deadline;
use crate::files::FileId;

/// Plenty for a registry: 60,000 allocations take about 9 MB. redb would take up to 1 GiB.
const CACHE_SIZE: usize = 8 << 20;

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
    /// Whether a file that its last writer left unclean is made whole by who comes to read it.
    mends: bool,
    turnstile: Turnstile,
    /// The file as it is open here, if it is. Never held while anything is waited for.
    handle: Mutex<Option<Arc<Handle>>>,
}

/// An open file.
#[derive(Debug)]
struct Handle {
    database: Open,
    file_id: FileId,
    recent: Arc<Cache>,
}

enum Open {
    ReadOnly(ReadOnlyDatabase),
    ReadWrite(Database),
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Open::ReadOnly(_) => "ReadOnly",
            Open::ReadWrite(_) => "ReadWrite",
        })
    }
}

/// What a transaction's work came to.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// What was done is to be kept.
    Commit(T),
    /// Nothing was done, or nothing of it is to be kept.
    Abandon(T),
}

impl Store {
    pub(crate) fn new(path: &Path, wait: Duration) -> Store {
        let path = create::resolve_link(path);
        Store {
            turnstile: Turnstile::new(create::lock_path(&path)),
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

    /// How long a call may wait.
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
                    Err(Fault::Told(error)) => Err(Fault::Told(error)),
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
            let turn = self.turnstile.enter(deadline).ok_or(Fault::Busy)?;
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

    /// Finds out what would keep a change from being stored now, without making any: the file cannot
    /// be opened to write it, or a writer holds it until the deadline.
    pub(crate) fn check_writable(&self, deadline: Deadline) -> Result<(), Fault> {
        let Found::Store(file) = create::find(&self.path, Access::ReadWrite)? else {
            return Ok(());
        };
        let is_free = || (!backend::is_being_written(&file)).then_some(());
        deadline
            .poll(|| Ok::<_, Fault>(is_free()))?
            .ok_or(Fault::Busy)
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

    /// Whether a commit took effect before it failed.
    fn took_effect(
        &self,
        changes: &Changes,
        turn: &Turn,
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
        turn: &Turn,
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
        turn: &Turn,
        deadline: Deadline,
    ) -> Result<(Arc<Handle>, WriteTransaction), Fault> {
        let handle = self.writable(turn, deadline)?;
        let Open::ReadWrite(database) = &handle.database else {
            // `writable` gives no such handle.
            return Err(Fault::Busy);
        };
        let head_of_queue = turn.head_of_queue(deadline);
        let txn = deadline.poll_closely(|| match database.try_begin_write() {
            Ok(txn) => Ok(Some(txn)),
            Err(TransactionError::WouldBlock) => Ok(None),
            Err(error) => Err(Fault::from(error)),
        });
        drop(head_of_queue);
        self.discard_if_broken(&handle, &txn);
        Ok((handle, txn?.ok_or(Fault::Busy)?))
    }

    /// The handle to read through, opened if need be. `None` when there is no store.
    fn readable(&self, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        if let Some(handle) = self.current() {
            return Ok(Some(handle));
        }
        match self.open_to_read(deadline) {
            // The last writer was killed. Opening the file for writing mends it, in no time.
            Err(Fault::Engine(redb::Error::RepairAborted)) if self.mends => {
                let turn = self.turnstile.enter(deadline).ok_or(Fault::Busy)?;
                self.writable(&turn, deadline).map(Some)
            }
            result => result,
        }
    }

    /// Opens the file to read it.
    fn open_to_read(&self, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        self.open(Access::Read, deadline, |file| {
            // As in `try_read`.
            Deadline::after(Duration::ZERO)
                .run(|| self.open_checked(&file))
                .map(Open::ReadOnly)
        })
    }

    /// Opens a file to read it, which is open in the system already, and checks that it is whole.
    fn open_checked(&self, file: &StoreFile) -> Result<ReadOnlyDatabase, Fault> {
        let database = builder().open_read_only_with_backend(self.backend(file.clone()))?;
        image::check(file, || Ok(database.begin_read()?))?;
        Ok(database)
    }

    /// The handle to write through, opened or even created if need be.
    fn writable(&self, turn: &Turn, deadline: Deadline) -> Result<Arc<Handle>, Fault> {
        if let Some(handle) = self.current()
            && matches!(handle.database, Open::ReadWrite(_))
        {
            return Ok(handle);
        }
        if let Some(handle) = self.open_to_write(turn, deadline)? {
            return Ok(handle);
        }
        self.create(turn, deadline)?;
        let not_there = || Fault::File(io::ErrorKind::NotFound.into(), Access::ReadWrite);
        self.open_to_write(turn, deadline)?.ok_or_else(not_there)
    }

    /// Opens the file to write it.
    fn open_to_write(&self, turn: &Turn, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        let _head_of_queue = turn.head_of_queue(deadline);
        self.open(Access::ReadWrite, deadline, |file| {
            if self.handle_of(file.id).is_none() {
                match self.open_checked(&file) {
                    // The last writer was killed, and opening the file will mend it.
                    Err(Fault::Engine(redb::Error::RepairAborted)) => {
                        image::check_recovery(&file, &self.path)?;
                    }
                    // Opening the file writes to it, so it has to be a registry's.
                    database => drop(tables::to_read(&database?.begin_read()?, &self.path)?),
                }
            }
            // It opens what is there, since the file is not empty.
            let database = builder().create_with_backend(self.backend(file))?;
            Ok(Open::ReadWrite(database))
        })
    }

    /// Opens the file and keeps the handle. `None` when there is no store. Whether it is a registry's
    /// is for each transaction to check.
    fn open(
        &self,
        access: Access,
        deadline: Deadline,
        open: impl Fn(StoreFile) -> Result<Open, Fault>,
    ) -> Result<Option<Arc<Handle>>, Fault> {
        // Another program may have the file open without sharing it.
        let opened = deadline.poll(|| {
            let Found::Store(file) = create::find(&self.path, access)? else {
                return Ok(Some(None));
            };
            let file_id = file.id;
            match open(file) {
                Ok(database) => {
                    // What was read of its recent changes through an earlier handle counts still.
                    let earlier = self.handle_of(file_id);
                    let recent = earlier.map_or_else(Arc::default, |it| it.recent.clone());
                    Ok(Some(Some(Handle {
                        database,
                        file_id,
                        recent,
                    })))
                }
                Err(Fault::Engine(redb::Error::DatabaseAlreadyOpen)) => Ok(None),
                Err(fault) => Err(fault),
            }
        })?;
        let handle = opened.ok_or(Fault::Busy)?.map(Arc::new);
        if let Some(handle) = &handle {
            self.keep(handle);
        }
        Ok(handle)
    }

    /// The handle of this file, if it is open here already, and so was checked.
    fn handle_of(&self, file: FileId) -> Option<Arc<Handle>> {
        self.handle().clone().filter(|it| it.file_id == file)
    }

    fn create(&self, turn: &Turn, deadline: Deadline) -> Result<(), Fault> {
        disk::create_folder(create::folder_of(&self.path)).map_err(create::not_created)?;
        // Racing creators agree on one file by this lock, which therefore nobody passes by.
        let _lock = turn.lock_for_creation(deadline)?;
        create::create(&self.path, |file| {
            let database = builder().create_with_backend(self.backend(file))?;
            let txn = database.begin_write()?;
            schema::initialize(&txn)?;
            txn.commit()?;
            Ok(database.close()?)
        })
    }

    fn backend(&self, file: StoreFile) -> PatientBackend {
        PatientBackend::new(file, self.wait)
    }

    /// The handle, if the file is open and still goes by its name. One that was removed or replaced
    /// is let go of, so that nothing is written where nobody will read it.
    fn current(&self) -> Option<Arc<Handle>> {
        let handle = self.handle().clone()?;
        if create::has_id(&self.path, handle.file_id) {
            return Some(handle);
        }
        self.discard(&handle);
        None
    }

    fn discard_if_broken<T>(&self, handle: &Arc<Handle>, result: &Result<T, Fault>) {
        if matches!(result, Err(fault) if fault.breaks_handle()) {
            self.discard(handle);
        }
    }

    /// Makes a handle the current one, unless it can do less than the one that is.
    fn keep(&self, handle: &Arc<Handle>) {
        let mut current = self.handle();
        let is_better = current.as_ref().is_none_or(|current| {
            current.file_id != handle.file_id || matches!(handle.database, Open::ReadWrite(_))
        });
        let replaced = if is_better {
            current.replace(handle.clone())
        } else {
            None
        };
        // Closed only once the mutex is free.
        drop(current);
        drop(replaced);
    }

    /// Lets go of a handle, unless another one has taken its place already. It is closed when the
    /// last reader is done with it.
    fn discard(&self, handle: &Arc<Handle>) {
        let discarded = self
            .handle()
            .take_if(|current| Arc::ptr_eq(current, handle));
        drop(discarded);
    }

    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.let_go();
    }

    /// Lets go of the handle. Closing a damaged file may panic, as working with it may.
    fn let_go(&self) {
        let handle = self.handle().take();
        let _ = fault::catch(|| drop(handle));
    }

    fn handle(&self) -> MutexGuard<'_, Option<Arc<Handle>>> {
        // What is in it is replaced whole.
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Handle {
    fn begin_read(&self) -> Result<ReadTransaction, Fault> {
        Ok(match &self.database {
            Open::ReadOnly(database) => database.begin_read()?,
            Open::ReadWrite(database) => database.begin_read()?,
        })
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .set_cache_size(CACHE_SIZE);
    builder
}

#[cfg(test)]
mod tests;
