//! Opening the store's file, and keeping it open.

use std::fmt;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use redb::{
    Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    WriteTransaction,
};

use super::backend::PatientBackend;
use super::fault::{self, Fault};
use super::file::{self, Access, Found, StoreFile};
use super::queue::writer_turn::WriterTurn;
use super::snapshot::image;
use super::tables::recent::Cache;
use super::tables::{base, schema};
use super::{Store, create};
use crate::deadline::Deadline;
use crate::system::files::FileId;

/// Plenty for a registry: 60,000 allocations take about 9 MB. redb would take up to 1 GiB.
pub(super) const CACHE_SIZE: usize = 8 << 20;

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) database: Open,
    file_id: FileId,
    pub(super) recent: Arc<Cache>,
}

pub(super) enum Open {
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

impl Store {
    /// The handle to read through, opened if need be. `None` when there is no store.
    pub(super) fn readable(&self, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        if let Some(handle) = self.current() {
            return Ok(Some(handle));
        }
        match self.open_to_read(deadline) {
            // The last writer was killed. Opening the file for writing mends it, in no time.
            Err(Fault::Engine(redb::Error::RepairAborted)) if self.mends => {
                let turn = self.acquire_turn(deadline)?;
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
    pub(super) fn writable(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<Arc<Handle>, Fault> {
        if let Some(handle) = self.current()
            && matches!(handle.database, Open::ReadWrite(_))
        {
            return Ok(handle);
        }
        if let Some(handle) = self.open_to_write(turn, deadline)? {
            return Ok(handle);
        }
        self.create(turn)?;
        let not_there = || Fault::File(io::ErrorKind::NotFound.into(), Access::ReadWrite);
        self.open_to_write(turn, deadline)?.ok_or_else(not_there)
    }

    /// Opens the file to write it.
    fn open_to_write(
        &self,
        _: &WriterTurn,
        deadline: Deadline,
    ) -> Result<Option<Arc<Handle>>, Fault> {
        self.open(Access::ReadWrite, deadline, |file| {
            if self.handle_of(file.id).is_none() {
                match self.open_checked(&file) {
                    // The last writer was killed, and opening the file will mend it.
                    Err(Fault::Engine(redb::Error::RepairAborted)) => {
                        image::check_recovery(&file, &self.path)?;
                    }
                    // Opening the file writes to it, so it has to be a registry's.
                    database => drop(base::to_read(&database?.begin_read()?, &self.path)?),
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
            let Found::Store(file) = file::find(&self.path, access)? else {
                return Ok(Some(None));
            };
            let file_id = file.id;
            match open(file) {
                Ok(database) => {
                    // The recent changes that an earlier handle has read are still valid.
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
    pub(super) fn handle_of(&self, file: FileId) -> Option<Arc<Handle>> {
        self.handle().clone().filter(|it| it.file_id == file)
    }

    fn create(&self, _: &WriterTurn) -> Result<(), Fault> {
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
        if file::has_id(&self.path, handle.file_id) {
            return Some(handle);
        }
        self.discard(&handle);
        None
    }

    pub(super) fn discard_if_broken<T>(&self, handle: &Arc<Handle>, result: &Result<T, Fault>) {
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
    pub(super) fn discard(&self, handle: &Arc<Handle>) {
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
    pub(super) fn let_go(&self) {
        let handle = self.handle().take();
        let _ = fault::catch(|| drop(handle));
    }

    fn handle(&self) -> MutexGuard<'_, Option<Arc<Handle>>> {
        // Its content is replaced whole.
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Handle {
    /// Begins a write transaction. The caller holds the writer lock, so that there is nothing to wait for
    /// but another handle that is being closed.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, Fault> {
        match &self.database {
            Open::ReadWrite(database) => Ok(database.begin_write()?),
            // `writable` returns no such handle.
            Open::ReadOnly(_) => {
                let internal = io::Error::other("a read-only handle was to be written through");
                Err(Fault::File(internal, Access::ReadWrite))
            }
        }
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction, Fault> {
        Ok(match &self.database {
            Open::ReadOnly(database) => database.begin_read()?,
            Open::ReadWrite(database) => database.begin_read()?,
        })
    }
}

/// The settings of the storage engine.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .set_cache_size(CACHE_SIZE);
    builder
}
