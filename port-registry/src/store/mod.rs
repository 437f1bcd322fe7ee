//! The one module that knows redb: the store's file, its tables, and who may use it when.

mod backend;
mod create;
mod fault;
mod tables;
mod turn;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction,
    ReadableDatabase, TransactionError, WriteTransaction,
};

use self::backend::PatientBackend;
use self::create::{Access, FileId, Found};
pub(crate) use self::fault::Fault;
pub(crate) use self::tables::{Ledger, Rows, Snapshot};
use self::turn::{Turn, Turnstile};
use crate::deadline::Deadline;

/// Plenty for a registry: 60,000 allocations take about 9 MB. redb would take up to 1 GiB.
const CACHE_SIZE: usize = 8 << 20;

/// The longest pause between two attempts to begin a transaction. Only the head of the queue of
/// writers polls.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);

/// One store file, which any number of processes use at once.
///
/// The file is opened when it is first needed: for reading only, until something is to be
/// written. So looking at a registry changes nothing and waits for nobody.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    wait: Duration,
    turnstile: Turnstile,
    reader: Mutex<Option<Arc<Handle<ReadOnlyDatabase>>>>,
    writer: Mutex<Option<Arc<Handle<Database>>>>,
}

/// An open file.
struct Handle<D> {
    database: D,
    file_id: FileId,
}

impl<D> fmt::Debug for Handle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("file_id", &self.file_id)
            .finish_non_exhaustive()
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
            reader: Mutex::default(),
            writer: Mutex::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Shows the latest commit to `look`; `None` when there is no store yet. Waits for no writer.
    pub(crate) fn read<T>(
        &self,
        deadline: Deadline,
        look: impl FnOnce(&Snapshot) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        deadline.run(|| {
            let Some(txn) = self.begin_read(deadline)? else {
                return Ok(None);
            };
            let found = tables::snapshot(&txn, &self.path).and_then(|snapshot| look(&snapshot));
            self.drop_if_broken(&found);
            found.map(Some)
        })
    }

    /// Lets `work` change the store, and commits what it did: durably, or not at all. Creates the
    /// store where there is none.
    pub(crate) fn write<T>(
        &self,
        deadline: Deadline,
        work: impl FnOnce(&mut Ledger) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Fault> {
        deadline.run(|| {
            let turn = self.turnstile.enter(deadline).ok_or(Fault::Busy)?;
            let result = self
                .begin_write(&turn, deadline)
                .and_then(|txn| self.work_and_commit(txn, &turn, deadline, work));
            self.drop_if_broken(&result);
            result
        })
    }

    fn work_and_commit<T>(
        &self,
        txn: WriteTransaction,
        turn: &Turn,
        deadline: Deadline,
        work: impl FnOnce(&mut Ledger) -> Result<Outcome<T>, Fault>,
    ) -> Result<T, Fault> {
        let mut ledger = Ledger::open(&txn, &self.path)?;
        let outcome = work(&mut ledger)?;
        let changes = ledger.into_changes();
        let result = match outcome {
            Outcome::Commit(result) if !changes.is_empty() => result,
            Outcome::Commit(result) | Outcome::Abandon(result) => {
                txn.abort()?;
                return Ok(result);
            }
        };
        if let Err(error) = txn.commit() {
            // It may have taken effect before it failed, and the handle is of no more use.
            self.drop_handles();
            let took_effect = self.writer(turn, deadline).and_then(|writer| {
                let txn = writer.database.begin_read()?;
                changes.are_in(&tables::snapshot(&txn, &self.path)?)
            });
            match took_effect {
                Ok(true) => {}
                Ok(false) => return Err(error.into()),
                Err(_) => return Err(Fault::OutcomeUnknown(error.into())),
            }
        }
        Ok(result)
    }

    /// Checks that the rows, both indexes, the free ports and the counters agree.
    pub(crate) fn check_consistency(&self, deadline: Deadline) -> Result<(), Fault> {
        deadline.run(|| match self.begin_read(deadline)? {
            Some(txn) => tables::check_consistency(&txn, &self.path),
            None => Ok(()),
        })
    }

    fn begin_read(&self, deadline: Deadline) -> Result<Option<ReadTransaction>, Fault> {
        match self.try_begin_read(deadline) {
            // An earlier failure broke the handle, or its file is gone. A new one may do.
            Err(fault) if fault.breaks_handle() => {
                self.drop_handles();
                self.try_begin_read(deadline)
            }
            result => result,
        }
    }

    fn try_begin_read(&self, deadline: Deadline) -> Result<Option<ReadTransaction>, Fault> {
        self.drop_if_replaced();
        if let Some(handle) = &*lock(&self.writer) {
            return Ok(Some(handle.database.begin_read()?));
        }
        let mut reader = lock(&self.reader);
        if let Some(handle) = &*reader {
            return Ok(Some(handle.database.begin_read()?));
        }
        let Found::Store(file) = create::find(&self.path, Access::Read)? else {
            return Ok(None);
        };
        let file_id = id_of(&file)?;
        match builder().open_read_only_with_backend(self.backend(file)?) {
            Ok(database) => {
                let txn = database.begin_read()?;
                *reader = Some(Arc::new(Handle { database, file_id }));
                Ok(Some(txn))
            }
            // The last writer was killed. Opening the file for writing mends it, in no time.
            Err(DatabaseError::RepairAborted) => {
                drop(reader);
                let turn = self.turnstile.enter(deadline).ok_or(Fault::Busy)?;
                let writer = self.writer(&turn, deadline)?;
                Ok(Some(writer.database.begin_read()?))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn begin_write(&self, turn: &Turn, deadline: Deadline) -> Result<WriteTransaction, Fault> {
        match self.try_begin_write(turn, deadline) {
            Err(fault) if fault.breaks_handle() => {
                self.drop_handles();
                self.try_begin_write(turn, deadline)
            }
            result => result,
        }
    }

    fn try_begin_write(&self, turn: &Turn, deadline: Deadline) -> Result<WriteTransaction, Fault> {
        self.drop_if_replaced();
        let writer = self.writer(turn, deadline)?;
        let _head_of_queue = turn.head_of_queue(deadline);
        deadline
            .poll(LONGEST_PAUSE, || match writer.database.try_begin_write() {
                Ok(txn) => Ok(Some(txn)),
                Err(TransactionError::WouldBlock) => Ok(None),
                Err(error) => Err(Fault::from(error)),
            })?
            .ok_or(Fault::Busy)
    }

    /// The handle to write through, opened or even created if need be.
    fn writer(&self, turn: &Turn, deadline: Deadline) -> Result<Arc<Handle<Database>>, Fault> {
        if let Some(writer) = &*lock(&self.writer) {
            return Ok(writer.clone());
        }
        // Only the thread whose turn it is comes here, and readers are not held up meanwhile.
        let file = match create::find(&self.path, Access::ReadWrite)? {
            Found::Store(file) => file,
            Found::Nothing => {
                self.create_file(turn, deadline)?;
                match create::find(&self.path, Access::ReadWrite)? {
                    Found::Store(file) => file,
                    Found::Nothing => return Err(Fault::Io(io::ErrorKind::NotFound.into())),
                }
            }
        };
        let file_id = id_of(&file)?;
        let head_of_queue = turn.head_of_queue(deadline);
        // Opens, since the file is not empty.
        let database = builder().create_with_backend(self.backend(file)?)?;
        drop(head_of_queue);
        tables::snapshot(&database.begin_read()?, &self.path)?;
        let writer = Arc::new(Handle { database, file_id });
        *lock(&self.writer) = Some(writer.clone());
        *lock(&self.reader) = None;
        Ok(writer)
    }

    fn create_file(&self, turn: &Turn, deadline: Deadline) -> Result<(), Fault> {
        create::create_folder_of(&self.path).map_err(Fault::Io)?;
        // Racing creators agree on one file by this lock, which therefore nobody passes by.
        let _lock = turn.lock_for_creation(deadline)?;
        create::create(&self.path, |file| {
            let database = builder().create_with_backend(self.backend(file)?)?;
            let txn = database.begin_write()?;
            tables::initialize(&txn)?;
            txn.commit()?;
            Ok(database.close()?)
        })
    }

    fn backend(&self, file: File) -> Result<PatientBackend, Fault> {
        Ok(PatientBackend::new(file, self.wait)?)
    }

    /// Lets go of a handle whose file was removed or replaced, so that nothing is written where
    /// nobody will read it.
    fn drop_if_replaced(&self) {
        let current = std::fs::metadata(&self.path)
            .ok()
            .map(|metadata| create::file_id(&metadata));
        let is_stale = |file_id: FileId| current != Some(file_id);
        lock(&self.writer).take_if(|handle| is_stale(handle.file_id));
        lock(&self.reader).take_if(|handle| is_stale(handle.file_id));
    }

    fn drop_if_broken<T>(&self, result: &Result<T, Fault>) {
        if matches!(result, Err(fault) if fault.breaks_handle()) {
            self.drop_handles();
        }
    }

    fn drop_handles(&self) {
        *lock(&self.writer) = None;
        *lock(&self.reader) = None;
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .set_cache_size(CACHE_SIZE);
    builder
}

fn id_of(file: &File) -> Result<FileId, Fault> {
    file.metadata()
        .map(|metadata| create::file_id(&metadata))
        .map_err(Fault::Io)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in it is replaced whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::backend::faults::{self, Fault};
    use crate::{Claim, Error, Filter, Registry, ServiceKey, Verdict};

    fn claim(service: &str) -> Claim {
        Claim::new(ServiceKey::new("app", "main", service).unwrap())
    }

    /// Meets a fault at each write, sync and truncation in turn, of an allocation by a handle that
    /// is open already or by a new one. What the answer says is what is stored, and afterwards
    /// everything works.
    fn meet_faults(fault: impl Fn(u32) -> Fault, reopen: bool) {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            Registry::builder()
                .path(folder.path().join("ports.redb"))
                .probe(|_| Ok(Verdict::Free))
                .open()
                .unwrap()
        };
        let mut registry = open();
        let mut failures = 0;
        for calls in 0.. {
            if reopen {
                registry = open();
            }
            let service = format!("service-{calls}");
            faults::plan(Some(fault(calls)));
            let answer = registry.allocate(claim(&service));
            let went_by = faults::plan(None);

            registry.verify().unwrap();
            let stored = registry.list(&Filter::default().service(&service)).unwrap();
            match answer {
                Ok(allocation) => assert_eq!(stored, [allocation], "after {calls} calls"),
                Err(Error::Store { .. }) => {
                    assert_eq!(stored, [], "after {calls} calls");
                    failures += 1;
                }
                // Only where it could not be looked up either.
                Err(Error::OutcomeUnknown { .. }) => {
                    assert!(matches!(fault(calls), Fault::From(_)));
                }
                Err(error) => panic!("{error:?} after {calls} calls"),
            }
            registry
                .allocate(claim(&format!("{service}-healed")))
                .unwrap();
            if went_by {
                break;
            }
        }
        assert!(failures > 0);
    }

    #[test]
    fn a_passing_fault_is_answered_truly_and_heals() {
        meet_faults(Fault::Once, false);
    }

    #[test]
    fn a_lasting_fault_is_answered_truly_and_heals_when_it_ends() {
        meet_faults(Fault::From, false);
    }

    #[test]
    fn a_fault_while_opening_is_answered_truly_and_heals() {
        meet_faults(Fault::Once, true);
        meet_faults(Fault::From, true);
    }
}
