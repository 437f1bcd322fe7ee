//! The backends of redb: a file that never changes, and memory. Neither needs locks.

use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use redb::backends::FileBackend;

/// A file that is only read.
#[derive(Debug)]
pub(super) struct ReadOnlyFile(pub(super) Arc<FileBackend>);

impl StorageBackend for ReadOnlyFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }
}

/// The content of a database in memory.
#[derive(Clone, Debug)]
pub(super) struct MemoryBackend(Arc<Mutex<Vec<u8>>>);

impl MemoryBackend {
    pub(super) fn new(content: Vec<u8>) -> MemoryBackend {
        MemoryBackend(Arc::new(Mutex::new(content)))
    }

    /// Takes the content, once the database is closed.
    pub(super) fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // A panic cannot leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the start and the end of a part of a content of this length. A damaged database may refer to any place.
fn part(offset: u64, len: usize, whole: usize) -> io::Result<(usize, usize)> {
    let start = usize::try_from(offset).ok();
    let end = start.and_then(|start| start.checked_add(len));
    match (start, end) {
        (Some(start), Some(end)) if end <= whole => Ok((start, end)),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

impl StorageBackend for MemoryBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.lock();
        let (start, end) = part(offset, out.len(), content.len())?;
        out.copy_from_slice(&content[start..end]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.lock().resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.lock();
        let (start, end) = part(offset, data.len(), content.len())?;
        content[start..end].copy_from_slice(data);
        Ok(())
    }
}
