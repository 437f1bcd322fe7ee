//! The file under the storage engine.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use super::fault::Expired;
use crate::deadline::Deadline;

/// redb's own file backend, except that no wait for a lock outlasts the deadline of the call it
/// is for. redb would wait for ever, and a process stopped by SIGSTOP would hang all others.
#[derive(Debug)]
pub(super) struct PatientBackend {
    file: FileBackend,
    /// The wait outside of a call, such as when a handle is dropped.
    wait: Duration,
}

/// The byte that a writer holds while it writes, from redb's design document.
const WRITER_BYTE: Bound<u64> = Bound::Included(1 << 62);

/// The least wait for any other lock. They are held for microseconds, and taken in the midst of a
/// commit too, which must not fail because its turn came late.
const LEAST_WAIT: Duration = Duration::from_secs(1);

impl PatientBackend {
    pub(super) fn new(file: File, wait: Duration) -> Result<PatientBackend, DatabaseError> {
        Ok(PatientBackend {
            file: FileBackend::new(file)?,
            wait,
        })
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
        faults::check()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::check()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        faults::check()?;
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
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Makes writes, syncs and truncations of this thread fail, for tests.
#[cfg(test)]
pub(super) mod faults {
    use std::cell::Cell;
    use std::io;

    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Fault {
        /// The call after so many others fails.
        Once(u32),
        /// It fails, and so does every later one.
        From(u32),
    }

    thread_local! {
        static NEXT: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// Plans a fault, or none; tells whether the one planned before is still to come.
    pub(crate) fn plan(fault: Option<Fault>) -> bool {
        matches!(NEXT.replace(fault), Some(Fault::Once(_) | Fault::From(1..)))
    }

    pub(super) fn check() -> io::Result<()> {
        let (next, fails) = match NEXT.get() {
            None => return Ok(()),
            Some(Fault::Once(0)) => (None, true),
            Some(Fault::From(0)) => (Some(Fault::From(0)), true),
            Some(Fault::Once(left)) => (Some(Fault::Once(left - 1)), false),
            Some(Fault::From(left)) => (Some(Fault::From(left - 1)), false),
        };
        NEXT.set(next);
        if fails {
            Err(io::Error::other("a planned fault"))
        } else {
            Ok(())
        }
    }
}
