//! Marks: up to where the journal is acknowledged.
//!
//! The lock file has two slots of one sector each. A new mark replaces the older of the two, so that there is a whole one
//! at any time. Marks are never synced: after the system was booted again, all records of the journal count.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::boot;
use super::bytes::{is_zero, sealed, unsealed};
use super::disk;
use super::fault::{Access, Fault};
use super::files::{self, ContentIdentity, fault_at};
use super::position::Position;
use super::queue::lock_file::LockFile;
use crate::system::files::{FileId, id_at, id_in};

/// The last character is the version of the layout of marks. A mark of another version does not count.
const MAGIC: &[u8; 8] = b"portmrk1";
/// The size of a slot in bytes: the unit that disks write as a whole.
const SLOT: usize = 512;
const SLOTS: usize = 2;

/// The last acknowledged commit, as the writer has left it that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number of the mark. The slot is its remainder by 2.
    number: u64,
    /// The id of the store.
    pub(super) store: u64,
    boot: u64,
    pub(super) position: Position,
    /// The id of the journal, and the offset behind the last acknowledged record in it.
    pub(super) journal: u64,
    pub(super) end: u64,
    /// The database, which a writer has verified.
    pub(super) database: ContentIdentity,
}

impl Mark {
    /// Makes a mark of the running system. [`publish`] numbers it.
    pub(super) fn new(
        store: u64,
        position: Position,
        (journal, end): (u64, u64),
        database: ContentIdentity,
    ) -> Mark {
        Mark {
            number: 0,
            store,
            boot: boot::boot_id(),
            position,
            journal,
            end,
            database,
        }
    }

    /// Tests if the mark was made since the system was booted. Otherwise records beyond it may be acknowledged.
    pub(super) fn is_of_this_boot(&self) -> bool {
        boot::is_this_boot(self.boot)
    }

    /// Tests if the mark is of this store with this database. It is not after both files were restored from a backup, and
    /// while a merge is under way.
    pub(super) fn is_of(&self, store: u64, database: ContentIdentity) -> bool {
        self.store == store && self.database == database
    }

    /// Tests if a mark with the same content was published already.
    pub(super) fn says_the_same(&self, other: &Mark) -> bool {
        let number = self.number;
        *self == Mark { number, ..*other }
    }

    fn encode(&self) -> Vec<u8> {
        let numbers = [
            self.number,
            self.store,
            self.boot,
            self.position.sequence,
            self.position.chain,
            self.journal,
            self.end,
            self.database.inode,
            self.database.len,
            self.database.modified,
            self.database.changed,
        ];
        sealed(MAGIC, &numbers, SLOT)
    }

    /// Reads a mark from a slot. Returns `None` if there is no whole one.
    fn decode(slot: &[u8]) -> Option<Mark> {
        let [
            number,
            store,
            boot,
            sequence,
            chain,
            journal,
            end,
            rest @ ..,
        ]: [u64; 11] = unsealed(MAGIC, slot, SLOT)?;
        let [inode, len, modified, changed] = rest;
        Some(Mark {
            number,
            store,
            boot,
            position: Position { sequence, chain },
            journal,
            end,
            database: ContentIdentity {
                inode,
                len,
                modified,
                changed,
            },
        })
    }
}

/// The slots of a lock file.
#[derive(Debug)]
pub(super) struct MarkSlots([Option<Mark>; SLOTS]);

impl MarkSlots {
    /// Returns the mark that counts. It does only if both slots are whole, because the damaged one may be the later.
    pub(super) fn current(&self) -> Option<&Mark> {
        let [first, second] = &self.0;
        let (first, second) = (first.as_ref()?, second.as_ref()?);
        Some(if first.number > second.number {
            first
        } else {
            second
        })
    }

    fn last_number(&self) -> u64 {
        let numbers = self.0.iter().flatten().map(|mark| mark.number);
        numbers.max().unwrap_or(0)
    }
}

/// Reads the marks of a lock file without locking it. Keeps it open, so that a process that can open no more files can
/// still read.
#[derive(Debug, Default)]
pub(super) struct MarkReader(Mutex<Option<(FileId, Arc<FileBackend>)>>);

impl MarkReader {
    /// Reads the marks of the lock file at `path`. Without that file there are none.
    pub(super) fn read(&self, path: &Path) -> Result<MarkSlots, Fault> {
        let Some(file) = self.open(path)? else {
            return Ok(MarkSlots([None, None]));
        };
        let not_read = fault_at(path, Access::Read);
        let slots = read_slots(&file).map_err(not_read)?;
        if slots.current().is_some() {
            return Ok(slots);
        }
        // The first look may have met a writer that was replacing a mark.
        read_slots(&file).map_err(not_read)
    }

    /// Opens the file, unless the open one still has this name.
    fn open(&self, path: &Path) -> Result<Option<Arc<FileBackend>>, Fault> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, file)) = &*current
            && id_at(path) == Some(*id)
        {
            return Ok(Some(file.clone()));
        }
        *current = match files::open(path, Access::Read)? {
            Some(file) => {
                let metadata = file.metadata().map_err(fault_at(path, Access::Read))?;
                Some((id_in(&metadata), Arc::new(FileBackend::new(file)?)))
            }
            None => None,
        };
        Ok(current.as_ref().map(|(_, file)| file.clone()))
    }
}

/// Reads the marks of a lock file through its own handle.
///
/// # Errors
///
/// [`ForeignFile`](crate::Error::ForeignFile) if the file has content that is no mark.
pub(super) fn read_locked(lock: &LockFile, path: &Path) -> Result<MarkSlots, Fault> {
    let not_read = fault_at(path, Access::ReadWrite);
    let content = read_content(lock.backend()).map_err(not_read)?;
    let mut slots = content.chunks(SLOT);
    if !is_zero(&content) && !slots.any(|slot| slot.starts_with(MAGIC)) {
        return Err(files::foreign(path));
    }
    Ok(decode_slots(&content))
}

fn read_slots(file: &FileBackend) -> io::Result<MarkSlots> {
    Ok(decode_slots(&read_content(file)?))
}

/// Reads the slots. What is missing at the end of the file reads as zeros.
fn read_content(file: &FileBackend) -> io::Result<[u8; SLOT * SLOTS]> {
    let mut content = [0; SLOT * SLOTS];
    match file.read(0, &mut content) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            content.fill(0);
            let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
            let len = len.min(content.len());
            file.read(0, &mut content[..len])?;
        }
        read => read?,
    }
    Ok(content)
}

fn decode_slots(content: &[u8; SLOT * SLOTS]) -> MarkSlots {
    let (first, second) = content.split_at(SLOT);
    MarkSlots([first, second].map(Mark::decode))
}

/// Publishes a mark, which readers go by from now on. Returns the marks after it.
///
/// Writes both slots if no mark has counted, so that both are whole.
pub(super) fn publish(lock: &LockFile, slots: &MarkSlots, mark: Mark) -> io::Result<MarkSlots> {
    let mut after = MarkSlots(slots.0);
    let times = if slots.current().is_some() { 1 } else { SLOTS };
    for number in (slots.last_number() + 1..).take(times) {
        let mark = Mark { number, ..mark };
        let slot = usize::from(number % 2 == 1);
        disk::write(
            lock.backend(),
            lock.id(),
            (slot * SLOT) as u64,
            &mark.encode(),
        )?;
        after.0[slot] = Some(mark);
    }
    Ok(after)
}
