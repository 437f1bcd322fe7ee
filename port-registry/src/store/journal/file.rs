//! The journal's file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::header::{BadHeader, HEADER_LEN, JournalHeader, NUMBERS_LEN};
use crate::store::disk;
use crate::store::fault::{Access, Fault};
use crate::store::files::{self, fault_at};
use crate::system::files::{FileId, id_in};

/// The length of a new journal in bytes. It is filled with zeros, so that a commit writes no length. A shorter journal was cut.
pub(in crate::store) const INITIAL_LEN: usize = if cfg!(test) { 8 << 10 } else { 256 << 10 };

/// An open journal.
#[derive(Debug)]
pub(in crate::store) struct JournalFile {
    backend: FileBackend,
    pub(in crate::store) id: FileId,
    pub(in crate::store) header: JournalHeader,
    /// The first bytes of the header, with all numbers.
    start: Vec<u8>,
    /// The length when it was opened.
    len: u64,
    /// The number of hard links.
    links: u64,
}

/// The failure of an append.
#[derive(Debug)]
pub(in crate::store) enum AppendFault {
    /// Nothing of the record is in the journal.
    Undone(io::Error),
    /// The record may be in the journal or not.
    Unknown(io::Error),
}

impl JournalFile {
    /// Opens the journal if it exists. Changes nothing.
    pub(in crate::store) fn open(
        path: &Path,
        access: Access,
    ) -> Result<Option<JournalFile>, Fault> {
        match files::open(path, access)? {
            Some(file) => JournalFile::of(file, path).map(Some),
            None => Ok(None),
        }
    }

    fn of(file: File, path: &Path) -> Result<JournalFile, Fault> {
        let not_read = fault_at(path, Access::Read);
        let metadata = file.metadata().map_err(not_read)?;
        let backend = FileBackend::new(file)?;
        let mut start =
            vec![0; HEADER_LEN.min(usize::try_from(metadata.len()).unwrap_or(HEADER_LEN))];
        backend.read(0, &mut start).map_err(not_read)?;
        let header = JournalHeader::decode(&start).map_err(|bad| match bad {
            BadHeader::Foreign if start.is_empty() => damaged(path, "is empty"),
            BadHeader::Foreign => files::foreign(path),
            BadHeader::Damaged => damaged(path, "has a damaged header"),
        })?;
        if metadata.len() < INITIAL_LEN as u64 {
            return Err(damaged(path, "is cut short"));
        }
        Ok(JournalFile {
            id: id_in(&metadata),
            len: metadata.len(),
            links: link_count(&metadata),
            start: start[..NUMBERS_LEN].to_vec(),
            backend,
            header,
        })
    }

    /// Reads the records from an offset up to another one, or up to the end of the file.
    pub(in crate::store) fn read(&self, from: u64, to: Option<u64>) -> io::Result<Vec<u8>> {
        let read = |to: u64| {
            let count = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
            let mut bytes = vec![0; count];
            self.backend.read(from, &mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        match to.map(read) {
            Some(Err(error)) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
            Some(Ok(bytes)) => Ok(bytes),
            // The file ends before.
            _ => read(to.unwrap_or(u64::MAX).min(self.backend.len()?)),
        }
    }

    /// Tests if the file still has the record that ends at an offset with this chain, or its header if there is no record. It
    /// has not if another file was copied over it.
    pub(in crate::store) fn is_intact(&self, end: u64, chain: u64) -> bool {
        let Some(at) = end.checked_sub(16).filter(|at| *at >= HEADER_LEN as u64) else {
            let mut start = [0; NUMBERS_LEN];
            return self.backend.read(0, &mut start).is_ok() && *self.start == start;
        };
        let mut stored = [0; 8];
        self.backend.read(at, &mut stored).is_ok() && u64::from_le_bytes(stored) == chain
    }

    /// Tests if the file has other names, by which another store may use it.
    pub(in crate::store) fn has_other_names(&self) -> bool {
        self.links > 1
    }

    /// Appends a record at an offset, behind which everything is zero, and syncs it. Undoes that if it fails.
    pub(in crate::store) fn append(&self, at: u64, record: &[u8]) -> Result<(), AppendFault> {
        let appended = self.write(at, record).and_then(|()| self.sync());
        appended.map_err(|error| match self.undo(at, record.len()) {
            Ok(()) => AppendFault::Undone(error),
            Err(_) => AppendFault::Unknown(error),
        })
    }

    pub(in crate::store) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        disk::write(&self.backend, self.id, at, bytes)
    }

    pub(in crate::store) fn sync(&self) -> io::Result<()> {
        disk::sync(&self.backend, self.id)
    }

    /// Removes what an append has written.
    fn undo(&self, at: u64, count: usize) -> io::Result<()> {
        if self.backend.len()? > self.len {
            disk::set_len(&self.backend, self.id, self.len)?;
        }
        let count = self.len.saturating_sub(at).min(count as u64);
        self.erase(at, usize::try_from(count).map_err(io::Error::other)?)
    }

    /// Erases what is behind the last record, durably.
    ///
    /// The first bytes become zero only after the rest was erased and synced. Until then they are no record either, but
    /// tell the next writer to erase it again, if this process is killed or the sync fails. Otherwise a record that only
    /// the kernel takes for erased could come back after a power failure.
    pub(in crate::store) fn erase(&self, at: u64, count: usize) -> io::Result<()> {
        let mut erased = vec![0; count];
        let first = count.min(8);
        erased[..first].fill(0xff);
        self.write(at, &erased)?;
        self.sync()?;
        self.write(at, &[0; 8][..first])
    }
}

/// Returns the fault of a journal that was changed by others.
pub(in crate::store) fn damaged(path: &Path, problem: &str) -> Fault {
    let name = path.file_name().unwrap_or_default();
    Fault::Damaged(format!("{} {problem}", name.display()))
}

#[cfg(unix)]
fn link_count(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink()
}

#[cfg(not(unix))]
fn link_count(_: &std::fs::Metadata) -> u64 {
    1
}
