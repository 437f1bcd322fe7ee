//! The tenure of a writer: what it does while it has the writer lock.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use redb::backends::FileBackend;

use super::bytes::{hash, is_zero};
use super::deviation::Deviation;
use super::disk;
use super::fault::{Access, Fault};
use super::files::{self, StoreFiles, fault_at};
use super::generation::merge;
use super::journal::file::{AppendFault, INITIAL_LEN, JournalFile, damaged};
use super::journal::header::JournalHeader;
use super::journal::record;
use super::mark::{self, Mark, MarkSlots};
use super::position::Position;
use super::queue::writer_turn::{self, WriterTurn};
use super::snapshot::Snapshot;
use super::snapshot_cache::SnapshotCache;
use super::tables::changes::Changes;
use super::tables::schema::{self, FORMAT};
use crate::deadline::Deadline;
use crate::system::files::{id_at, id_in};

/// The maximum length of a journal in bytes. A longer one has to be merged before the next commit.
const MAX_LEN: u64 = 16 << 20;

/// The tenure of a writer, from the writer lock until it is released.
#[derive(Debug)]
pub(super) struct Tenure<'a> {
    files: &'a StoreFiles,
    cache: &'a SnapshotCache,
    turn: WriterTurn,
    marks: MarkSlots,
    snapshot: Arc<Snapshot>,
    /// The journal of the snapshot, open for writing.
    journal: JournalFile,
}

impl<'a> Tenure<'a> {
    /// Waits for the writer lock, and brings the files into order: nothing is behind the last record, and the mark is at
    /// it. Creates the store if it does not exist.
    pub(super) fn begin(
        files: &'a StoreFiles,
        cache: &'a SnapshotCache,
        deadline: Deadline,
    ) -> Result<Tenure<'a>, Fault> {
        let turn = acquire(files, deadline)?;
        let lock = turn.lock().map_err(not_created)?;
        let marks = mark::read_locked(lock, &files.lock)?;
        let snapshot = match cache.as_of(files, marks.current())? {
            Some(snapshot) => snapshot,
            None => create(files)?,
        };
        let [format, _, min_writer] = snapshot.generation.formats;
        if min_writer > FORMAT {
            return Err(schema::unknown_format(&files.database, format));
        }
        let mut tenure = Tenure {
            journal: open_journal(files, &snapshot)?,
            files,
            cache,
            turn,
            marks,
            snapshot,
        };
        tenure.adopt()?;
        Ok(tenure)
    }

    /// Returns the state that the next commit changes.
    pub(super) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Takes over what earlier writers have left, unless the mark says that there is nothing.
    ///
    /// A whole record behind the mark counts from now on, and other bytes there are erased. The last record and all names
    /// are synced, because an earlier writer may not have done so. The record is written again before, because a failed
    /// sync leaves it to the kernel as written.
    fn adopt(&mut self) -> Result<(), Fault> {
        let end = self.snapshot.end;
        let mark = self.mark_at(self.snapshot.position, end);
        let current = self.marks.current();
        let is_marked = current.is_some_and(|current| current.says_the_same(&mark));
        if is_marked && is_zero(&self.read_journal(end, Some(end + 8))?) {
            return Ok(());
        }
        Snapshot::advance(&mut self.snapshot, None, &self.files.journal)?;
        let last = match self.snapshot.last_record() {
            Some((start, end)) => Some((start, self.read_journal(start, Some(end))?)),
            None => None,
        };
        let end = self.snapshot.end;
        let behind = self.read_journal(end, None)?;
        let write = || {
            if let Some((start, record)) = last
                && !Deviation::AdoptWithoutWriting.is_made()
            {
                self.journal.write(start, &record)?;
            }
            self.journal.sync()?;
            if is_zero(&behind) {
                return Ok(());
            }
            self.journal.erase(end, behind.len())
        };
        write().map_err(|error| self.not_written(error))?;
        disk::sync_names(&self.files.database).map_err(not_created)?;
        self.publish_snapshot()
    }

    /// Commits changes durably.
    pub(super) fn commit(&mut self, changes: &Changes, next_id: u64) -> Result<(), Fault> {
        if self.snapshot.end > MAX_LEN {
            self.merge()?;
        }
        let (before, end) = (self.snapshot.position, self.snapshot.end);
        let journal = self.journal.header.journal;
        let (bytes, position) = record::encode(before, next_id, changes, journal);
        let behind = end + bytes.len() as u64;
        let mark = self.mark_at(position, behind);
        if Deviation::MarkBeforeSync.is_made() {
            let _ = self.publish(mark);
        }
        if let Err(fault) = self.journal.append(end, &bytes) {
            if Deviation::MergeUnacknowledged.is_made() {
                self.cache
                    .append(&mut self.snapshot, changes, next_id, position, behind);
            }
            // A new journal is elsewhere on the disk, and does not have the record for sure.
            let is_replaced = self.merge().is_ok();
            return Err(match fault {
                AppendFault::Unknown(error) if !is_replaced => Fault::OutcomeUnknown(error),
                AppendFault::Unknown(error) | AppendFault::Undone(error) => self.not_written(error),
            });
        }
        // If the lock file was removed, others may have written meanwhile.
        self.publish(mark)
            .and_then(|()| self.turn.check_name())
            .map_err(Fault::OutcomeUnknown)?;
        self.cache
            .append(&mut self.snapshot, changes, next_id, position, behind);
        Ok(())
    }

    /// Merges the journal into a new database if it is long. A failure is harmless: the next commit tries again.
    pub(super) fn merge_if_due(&mut self) {
        if matches!(self.snapshot.is_due_for_merging(), Ok(true)) {
            let _ = self.merge();
        }
    }

    /// Replaces the database by one with all changes, and the journal by a new one.
    fn merge(&mut self) -> Result<(), Fault> {
        let snapshot = &self.snapshot;
        let generation = &snapshot.generation;
        let (position, next_id) = (snapshot.position, snapshot.next_id);
        let database = merge::merge(
            generation,
            &self.journal.header,
            &snapshot.changes,
            (position, next_id),
        )?;
        let header = header_for(
            &database,
            generation.formats,
            generation.store,
            position,
            next_id,
        );
        // The draft of the journal tells that the new database is whole until it takes the journal's place.
        let files = self.files;
        write_draft(&files.database_draft, &database, Some(&files.database))?;
        write_draft(
            &files.journal_draft,
            &content_of_new(&header),
            Some(&files.journal),
        )?;
        replace(&files.database_draft, &files.database)?;
        replace(&files.journal_draft, &files.journal)?;
        let read = Snapshot::read(self.files, None)?.filter(|read| read.position == position);
        let read = read.ok_or_else(|| damaged(&self.files.journal, "was replaced meanwhile"))?;
        self.journal = open_journal(self.files, &read)?;
        self.snapshot = read;
        self.publish_snapshot()
    }

    /// Publishes the mark of the snapshot.
    fn publish_snapshot(&mut self) -> Result<(), Fault> {
        let mark = self.mark_at(self.snapshot.position, self.snapshot.end);
        let published = self.publish(mark);
        published.map_err(fault_at(&self.files.lock, Access::ReadWrite))?;
        self.cache.set(Some(self.snapshot.clone()));
        Ok(())
    }

    /// Returns the mark of a state whose last record ends at this offset in the journal.
    fn mark_at(&self, position: Position, end: u64) -> Mark {
        let generation = &self.snapshot.generation;
        let place = (self.journal.header.journal, end);
        Mark::new(generation.store, position, place, generation.identity)
    }

    fn publish(&mut self, mark: Mark) -> io::Result<()> {
        let lock = self.turn.lock()?;
        let publish = || mark::publish(lock, &self.marks, mark);
        // The second attempt is for transient faults, because a record is on the disk that nobody sees.
        self.marks = publish().or_else(|_| publish())?;
        Ok(())
    }

    fn read_journal(&self, from: u64, to: Option<u64>) -> Result<Vec<u8>, Fault> {
        let read = self.journal.read(from, to);
        read.map_err(fault_at(&self.files.journal, Access::Read))
    }

    fn not_written(&self, error: io::Error) -> Fault {
        fault_at(&self.files.journal, Access::ReadWrite)(error)
    }
}

/// Waits for the writer lock. Creates the folder if necessary.
fn acquire(files: &StoreFiles, deadline: Deadline) -> Result<WriterTurn, Fault> {
    let acquired = match writer_turn::acquire(&files.lock, deadline) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            disk::create_folder(files.folder()).map_err(not_created)?;
            writer_turn::acquire(&files.lock, deadline)
        }
        acquired => acquired,
    };
    match acquired {
        Ok(turn) => turn.ok_or(Fault::Busy),
        Err(error) => {
            // An error of the store itself explains more.
            files::open_database(&files.database)?;
            Err(fault_at(&files.lock, Access::ReadWrite)(error))
        }
    }
}

/// Opens the journal of a snapshot for writing.
fn open_journal(files: &StoreFiles, snapshot: &Snapshot) -> Result<JournalFile, Fault> {
    let Some(read) = &snapshot.journal else {
        return Err(files.journal_missing());
    };
    let open = || {
        let opened = JournalFile::open(&files.journal, Access::ReadWrite)?;
        Ok::<_, Fault>(opened.filter(|it| it.id == read.id && it.header == read.header))
    };
    let mut journal = open()?;
    if journal.is_none() && id_at(&files.journal_draft) == Some(read.id) {
        // A merge was interrupted after the database was replaced, and before the journal was.
        replace(&files.journal_draft, &files.journal)?;
        journal = open()?;
    }
    let journal = journal.ok_or_else(|| damaged(&files.journal, "was replaced meanwhile"))?;
    if journal.has_other_names() {
        let error = io::Error::other("it has another name (a hard link); remove one of them");
        return Err(fault_at(&files.journal, Access::ReadWrite)(error));
    }
    Ok(journal)
}

/// Creates the store. The journal comes first, so that a database without one is never a store whose creation was
/// interrupted.
fn create(files: &StoreFiles) -> Result<Arc<Snapshot>, Fault> {
    let store = random();
    let database = merge::empty(store)?;
    let position = Position {
        sequence: 0,
        chain: store,
    };
    let header = header_for(&database, [FORMAT; 3], store, position, 1);
    write_draft(&files.database_draft, &database, None)?;
    write_draft(&files.journal_draft, &content_of_new(&header), None)?;
    replace(&files.journal_draft, &files.journal)?;
    replace(&files.database_draft, &files.database)?;
    let created = Snapshot::read(files, None)?;
    created.ok_or_else(|| damaged(&files.database, "was removed meanwhile"))
}

/// Returns the header of a new journal for a database.
fn header_for(
    database: &[u8],
    [format, min_reader, min_writer]: [u64; 3],
    store: u64,
    base: Position,
    next_id: u64,
) -> JournalHeader {
    JournalHeader {
        format,
        min_reader,
        min_writer,
        store,
        journal: random(),
        base,
        next_id,
        database_len: database.len() as u64,
        database_hash: hash(0, database),
    }
}

fn content_of_new(header: &JournalHeader) -> Vec<u8> {
    let mut content = header.encode();
    content.resize(INITIAL_LEN, 0);
    content
}

/// Writes a draft durably. It gets the owner and the mode of the file that it will replace, if there is one.
fn write_draft(draft: &Path, content: &[u8], replaced: Option<&Path>) -> Result<(), Fault> {
    let write = || {
        // A writer that was killed may have left one.
        disk::remove_file(draft)?;
        let file = disk::create_file(draft)?;
        if let Some(replaced) = replaced {
            disk::keep_owner(&file, &fs::metadata(replaced)?)?;
        }
        let id = id_in(&file.metadata()?);
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        disk::write(&file, id, 0, content)?;
        disk::sync(&file, id)
    };
    write().map_err(|error| {
        // A failure to remove it is harmless.
        let _ = disk::remove_file(draft);
        not_created(error)
    })
}

/// Replaces a file by its draft, durably. So it is there as before or after this, even if the process is killed or the power
/// fails.
fn replace(draft: &Path, path: &Path) -> Result<(), Fault> {
    disk::rename(draft, path).map_err(|error| match error.kind() {
        ErrorKind::ResourceBusy => {
            let advice = io::Error::other("it is mounted by itself; mount its folder instead");
            fault_at(path, Access::ReadWrite)(advice)
        }
        _ => not_created(error),
    })?;
    disk::sync_folder_of(path).map_err(not_created)
}

fn not_created(error: io::Error) -> Fault {
    Fault::File(error, Access::ReadWrite)
}

/// Returns a number that differs from all others.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
