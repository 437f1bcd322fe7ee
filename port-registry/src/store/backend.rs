//! The file under the storage engine.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

#[cfg(test)]
use super::disk::witness::{self, Change};
use super::fault::Expired;
use super::file::StoreFile;
use crate::deadline::Deadline;
#[cfg(test)]
use crate::system::files::FileId;

/// redb's own file backend, except that no wait for a lock outlasts the deadline of the call it
/// is for. redb would wait for ever, and a process stopped by SIGSTOP would hang all others.
#[derive(Debug)]
pub(super) struct PatientBackend {
    file: Arc<FileBackend>,
    /// The wait outside of a call, such as when a handle is dropped.
    wait: Duration,
    #[cfg(test)]
    file_id: FileId,
}

/// The byte that a writer holds while it writes, from the design document of redb 4.6. Other versions may have
/// another one, so redb is held below 4.7.
const WRITER_BYTE: Bound<u64> = Bound::Included(1 << 62);

/// The least wait for any other lock. They are held for microseconds, and taken in the midst of a
/// commit too, which must not fail because its turn came late.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Tells if a write transaction is in progress, as far as the system tells.
pub(super) fn is_being_written(file: &StoreFile) -> bool {
    let held = file.backend.query_lock_range(WRITER_BYTE, WRITER_BYTE);
    held.unwrap_or(false)
}

impl PatientBackend {
    pub(super) fn new(file: StoreFile, wait: Duration) -> PatientBackend {
        PatientBackend {
            wait,
            #[cfg(test)]
            file_id: file.id,
            file: file.backend,
        }
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
            .ok_or_else(|| BackendError::Other(Box::new(Expired)))
    }
}

impl StorageBackend for PatientBackend {
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.poll(start, || self.file.try_lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.poll(start, || self.file.try_lock_shared_range(start, end))
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        #[cfg(test)]
        witness::see(&Change::SetLen(self.file_id, len))?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        witness::see(&Change::Sync(self.file_id))?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Err(error) = witness::see(&Change::Write(self.file_id, offset, data)) {
            // One that fails may have been half done.
            self.file.write(offset, &data[..data.len() / 2])?;
            return Err(error);
        }
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        // A lock that is not given back is in the way of all others until the file is closed, and
        // what keeps it may pass: a network file system, say.
        let again = |_| self.file.unlock_range(start, end);
        self.file.unlock_range(start, end).or_else(again)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
