//! The file backend of the storage engine.

use std::io;
use std::ops::Bound;
use std::time::Duration;

use redb::{BackendError, StorageBackend};

#[cfg(test)]
use super::disk::witness::{self, DiskChange};
use super::fault::LockTimeout;
use super::file::StoreFile;
use crate::deadline::Deadline;

/// redb's file backend with a limit on every wait for a lock: the deadline of the call. redb alone would wait
/// forever, so that a process suspended by SIGSTOP would block all others.
#[derive(Debug)]
pub(super) struct PatientBackend {
    file: StoreFile,
    /// The limit outside of a call, for example when a handle is dropped.
    wait: Duration,
}

/// The byte that a writer locks while it writes, according to the design document of redb 4.6. Cargo.toml pins
/// redb below 4.7, because other versions may lock another byte.
const WRITER_BYTE: Bound<u64> = Bound::Included(1 << 62);

/// The minimum limit for all other locks. They are held for microseconds. Commits take them too, and must not fail
/// because the writer lock was granted late.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Tests if a write transaction is in progress. Returns `false` if the system does not tell.
pub(super) fn is_being_written(file: &StoreFile) -> bool {
    let held = file.backend.query_lock_range(WRITER_BYTE, WRITER_BYTE);
    held.unwrap_or(false)
}

impl PatientBackend {
    pub(super) fn new(file: StoreFile, wait: Duration) -> PatientBackend {
        PatientBackend { file, wait }
    }

    fn poll(
        &self,
        start: Bound<u64>,
        try_lock: impl Fn() -> Result<bool, BackendError>,
    ) -> Result<(), BackendError> {
        let deadline = Deadline::current().unwrap_or_else(|| Deadline::after(self.wait));
        let deadline = if start == WRITER_BYTE {
            deadline
        } else {
            deadline.or_after(LEAST_WAIT)
        };
        deadline
            .poll(|| try_lock().map(|locked| locked.then_some(())))?
            .ok_or_else(|| BackendError::Other(Box::new(LockTimeout)))
    }
}

impl StorageBackend for PatientBackend {
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.poll(start, || self.file.backend.try_lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.poll(start, || {
            self.file.backend.try_lock_shared_range(start, end)
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.file.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.check_writable()?;
        #[cfg(test)]
        witness::see(&DiskChange::SetLen(self.file.id, len))?;
        self.file.backend.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        witness::see(&DiskChange::Sync(self.file.id))?;
        self.file.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.check_writable()?;
        #[cfg(test)]
        if let Err(error) = witness::see(&DiskChange::Write(self.file.id, offset, data)) {
            // A failed write may have written a part.
            self.file.backend.write(offset, &data[..data.len() / 2])?;
            return Err(error);
        }
        self.file.backend.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.backend.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        // A lock that is not released blocks all others until the file is closed. The failure may be a transient
        // one of a network file system, so try twice.
        let retry = |_| self.file.backend.unlock_range(start, end);
        self.file.backend.unlock_range(start, end).or_else(retry)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.backend.query_lock_range(start, end)
    }
}
