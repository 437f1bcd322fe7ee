//! Opening the store's file, and keeping it open.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redb::{ReadOnlyDatabase, ReadableDatabase};

use super::backend::PatientBackend;
use super::fault::Access;
use super::fault::{self, Fault};
use super::file::{self, FoundFile, StoreFile};
use super::handle::{Handle, OpenDatabase};
use super::queue::writer_turn::{self, WriterTurn};
use super::snapshot::check;
use super::tables::{base, schema};
use super::{create, disk, handle};
use crate::deadline::Deadline;
use crate::system::files::FileId;

/// The reaction of a reader to a file that its last writer left unclean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Repair the file.
    Repair,
    /// Leave the file as it is, and read an image of it.
    ReadImage,
}

/// The handle of a store, which is opened when it is first needed.
///
/// It is opened for reading only until the first write, so that reads do not change the file. An exception is a file
/// that its last writer left unclean: unless [`Recovery::ReadImage`] is set, a reader opens it for writing, to repair
/// it.
#[derive(Debug)]
pub(super) struct HandleCache {
    path: PathBuf,
    wait: Duration,
    recovery: Recovery,
    /// Never wait for anything while this mutex is locked.
    current: Mutex<Option<Arc<Handle>>>,
    replacements: AtomicU64,
}

impl HandleCache {
    pub(super) fn new(path: PathBuf, wait: Duration, recovery: Recovery) -> HandleCache {
        HandleCache {
            path,
            wait,
            recovery,
            current: Mutex::default(),
            replacements: AtomicU64::new(0),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the default wait of a call.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns a handle for reading, which is opened if necessary. Returns `None` if the store does not exist.
    ///
    /// If the file needs a repair, this waits for the turn to write until the deadline, which may create the lock file.
    pub(super) fn readable(&self, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        if let Some(handle) = self.current() {
            return Ok(Some(handle));
        }
        match self.open_to_read(deadline) {
            // The last writer was killed. Opening the file for writing repairs it quickly.
            Err(Fault::Engine(redb::Error::RepairAborted)) if self.recovery == Recovery::Repair => {
                let turn = self.acquire_turn(deadline)?;
                self.writable(&turn, deadline).map(Some)
            }
            result => result,
        }
    }

    /// Returns a handle for writing. The file is opened or even created if necessary.
    pub(super) fn writable(
        &self,
        turn: &WriterTurn,
        deadline: Deadline,
    ) -> Result<Arc<Handle>, Fault> {
        if let Some(handle) = self.current()
            && handle.is_writable()
        {
            return Ok(handle);
        }
        if let Some(handle) = self.open_to_write(turn, deadline)? {
            return Ok(handle);
        }
        self.create(turn)?;
        let missing = || Fault::File(io::ErrorKind::NotFound.into(), Access::ReadWrite);
        self.open_to_write(turn, deadline)?.ok_or_else(missing)
    }

    /// Waits for the right to write. Creates the store's folder if necessary.
    pub(super) fn acquire_turn(&self, deadline: Deadline) -> Result<WriterTurn, Fault> {
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
                // An error of the store itself explains more.
                file::find(&self.path, Access::ReadWrite)?;
                Err(file::lock_fault(&lock_path, &error))
            }
        }
    }

    fn open_to_read(&self, deadline: Deadline) -> Result<Option<Arc<Handle>>, Fault> {
        self.open(Access::Read, deadline, |file| {
            // Readers wait only for locks that are held for an instant.
            let _current = Deadline::after(Duration::ZERO).enter();
            self.open_checked(&file).map(OpenDatabase::ReadOnly)
        })
    }

    /// Opens a file for reading, and checks its checksums.
    fn open_checked(&self, file: &StoreFile) -> Result<ReadOnlyDatabase, Fault> {
        let database = handle::builder().open_read_only_with_backend(self.backend(file.clone()))?;
        check::check(file, || Ok(database.begin_read()?))?;
        Ok(database)
    }

    fn open_to_write(
        &self,
        _: &WriterTurn,
        deadline: Deadline,
    ) -> Result<Option<Arc<Handle>>, Fault> {
        self.open(Access::ReadWrite, deadline, |file| {
            if self.handle_of(file.id).is_none() {
                self.check_before_writing(&file)?;
            }
            // Opens the existing database, because the file is not empty.
            let database = handle::builder().create_with_backend(self.backend(file))?;
            Ok(OpenDatabase::ReadWrite(database))
        })
    }

    /// Checks that a file is an undamaged registry. Opening a file for writing changes it, so never open a foreign
    /// one.
    fn check_before_writing(&self, file: &StoreFile) -> Result<(), Fault> {
        match self.open_checked(file) {
            // The last writer was killed, and opening the file will repair it.
            Err(Fault::Engine(redb::Error::RepairAborted)) => {
                check::check_recovery(file, &self.path)
            }
            database => base::read_tables(&database?.begin_read()?, &self.path).map(drop),
        }
    }

    /// Opens the file and caches the handle. Returns `None` if the store does not exist.
    ///
    /// Each transaction checks that the file is a registry.
    fn open(
        &self,
        access: Access,
        deadline: Deadline,
        open: impl Fn(StoreFile) -> Result<OpenDatabase, Fault>,
    ) -> Result<Option<Arc<Handle>>, Fault> {
        // A program that does not share the file may have it open, so try until the deadline.
        let opened = deadline.poll(|| {
            let FoundFile::Store(file) = file::find(&self.path, access)? else {
                return Ok(Some(None));
            };
            match open(file.clone()) {
                Ok(database) => {
                    // The recent changes that an earlier handle has read are still valid.
                    let earlier = self.handle_of(file.id);
                    let recent = earlier.map_or_else(Arc::default, |it| it.recent.clone());
                    Ok(Some(Some(Handle::new(database, file, recent))))
                }
                Err(Fault::Engine(redb::Error::DatabaseAlreadyOpen)) => Ok(None),
                Err(fault) => Err(fault),
            }
        })?;
        let handle = opened.ok_or(Fault::Busy)?.map(Arc::new);
        if let Some(handle) = &handle {
            self.cache(handle);
        }
        Ok(handle)
    }

    fn create(&self, _: &WriterTurn) -> Result<(), Fault> {
        create::create(&self.path, |file| {
            let database = handle::builder().create_with_backend(self.backend(file))?;
            let txn = database.begin_write()?;
            schema::initialize(&txn)?;
            txn.commit()?;
            Ok(database.close()?)
        })
    }

    fn backend(&self, file: StoreFile) -> PatientBackend {
        PatientBackend::new(file, self.wait)
    }

    /// Returns the cached handle of this file, which was checked when it was opened.
    fn handle_of(&self, file: FileId) -> Option<Arc<Handle>> {
        self.lock().clone().filter(|it| it.file.id == file)
    }

    /// Returns the cached handle if its file still has the store's name and its commits. Never use a file that was
    /// removed or replaced, because nobody would read what is written to it.
    fn current(&self) -> Option<Arc<Handle>> {
        let handle = self.lock().clone()?;
        if file::has_id(&self.path, handle.file.id) {
            if handle.is_continued() {
                return Some(handle);
            }
            handle.file.abandon();
        }
        if self.discard(&handle) {
            self.replacements.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Returns how often the file was found to be removed or replaced.
    #[cfg(feature = "daemon")]
    pub(super) fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }

    /// Caches a handle, unless it is a read-only one and the cached one can write to the same file.
    fn cache(&self, handle: &Arc<Handle>) {
        let mut current = self.lock();
        let is_better = current
            .as_ref()
            .is_none_or(|current| current.file.id != handle.file.id || handle.is_writable());
        let replaced = if is_better {
            current.replace(handle.clone())
        } else {
            None
        };
        // Unlock the mutex before the replaced handle is closed, which takes time.
        drop(current);
        drop(replaced);
    }

    pub(super) fn discard_if_broken<T>(&self, handle: &Arc<Handle>, result: &Result<T, Fault>) {
        if matches!(result, Err(fault) if fault.breaks_handle()) {
            self.discard(handle);
        }
    }

    /// Removes a handle from the cache, unless it was replaced already. It is closed once its last reader is done.
    /// Returns true if it was in the cache.
    pub(super) fn discard(&self, handle: &Arc<Handle>) -> bool {
        let discarded = self.lock().take_if(|current| Arc::ptr_eq(current, handle));
        discarded.is_some()
    }

    /// Removes the handle from the cache. Closing a damaged file may panic, as reading it may.
    pub(super) fn clear(&self) {
        let handle = self.lock().take();
        let _ = fault::catch_panic(|| drop(handle));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Handle>>> {
        // A panic cannot leave it half changed, because its content is replaced as a whole.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HandleCache {
    fn drop(&mut self) {
        self.clear();
    }
}
