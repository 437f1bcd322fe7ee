//! Snapshots: the state of a store after a commit.

use std::path::Path;
use std::sync::Arc;

use super::bytes::is_zero;
use super::fault::{Access, Fault};
use super::files::{ContentIdentity, StoreFiles, fault_at};
use super::generation::{DatabaseFile, Generation};
use super::journal::file::{INITIAL_LEN, JournalFile, damaged};
use super::journal::header::HEADER_LEN;
use super::journal::record::{self, Parsed, Record};
use super::mark::Mark;
use super::position::Position;
use super::tables::changes::{Change, Changes};
use super::tables::schema;
use crate::system::files::id_at;

/// The maximum number of changes in the journal before they are merged into a new database, and the number of rows from
/// which on it is the greater one, because a merge copies the whole database.
pub(super) const MAX_CHANGES: usize = if cfg!(test) { 3 } else { 256 };
const MAX_CHANGES_OF_MANY_ROWS: usize = 1024;
const MANY_ROWS: u64 = 10_000;

/// The state of a store after a commit: the database, and the changes in the journal since it was written.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) generation: Arc<Generation>,
    /// `None` if the journal is missing.
    pub(super) journal: Option<Arc<JournalFile>>,
    /// The changes in the journal.
    pub(super) changes: Changes,
    pub(super) position: Position,
    pub(super) next_id: u64,
    /// The offset behind the last record in the journal.
    pub(super) end: u64,
    /// The offset of the last record, if there is one.
    last: Option<u64>,
    /// The number of changes in the journal, at least one for each record.
    journaled: usize,
}

impl Snapshot {
    /// Reads the store up to its mark, or all valid records if no mark counts. Returns `None` if there is no store.
    pub(super) fn read(
        files: &StoreFiles,
        mark: Option<&Mark>,
    ) -> Result<Option<Arc<Snapshot>>, Fault> {
        // Others may replace the files one after the other meanwhile.
        const ATTEMPTS: usize = 3;
        for _ in 0..ATTEMPTS {
            let Some((database, journal)) = open_pair(files, mark)? else {
                return Ok(None);
            };
            let journal = if let Some(journal) = journal {
                let Some(found) = find_journal(files, mark, &database, journal)? else {
                    continue;
                };
                Some(found)
            } else {
                database.verify_alone(&files.database)?;
                None
            };
            let generation = Generation::of(database, &files.database)?;
            return Snapshot::of(generation, journal, mark, &files.journal).map(Some);
        }
        Err(damaged(
            &files.journal,
            "was made for another database; one of them is damaged, missing or from a backup",
        ))
    }

    /// Reads the journal of a database.
    fn of(
        generation: Generation,
        journal: Option<JournalFile>,
        mark: Option<&Mark>,
        path: &Path,
    ) -> Result<Arc<Snapshot>, Fault> {
        if let Some(JournalFile { header, .. }) = &journal {
            if header.min_reader > schema::FORMAT {
                return Err(schema::unknown_format(path, header.format));
            }
            let merged = (generation.store, generation.merged, generation.next_id);
            if (header.store, header.base, header.next_id) != merged {
                return Err(damaged(path, "does not continue the database"));
            }
        }
        let mut snapshot = Arc::new(Snapshot {
            position: generation.merged,
            next_id: generation.next_id,
            generation: Arc::new(generation),
            journal: journal.map(Arc::new),
            changes: Changes::default(),
            end: HEADER_LEN as u64,
            last: None,
            journaled: 0,
        });
        let is_complete = Snapshot::advance(&mut snapshot, mark, path)?;
        match mark {
            Some(mark) if !is_complete && snapshot.journal.is_some() => {
                let number = mark.position.sequence;
                Err(damaged(
                    path,
                    &format!("lacks change {number}, which was acknowledged"),
                ))
            }
            _ => Ok(snapshot),
        }
    }

    /// Tests if these are still the store's files, with the same content.
    pub(super) fn is_of(&self, files: &StoreFiles) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        ContentIdentity::at(&files.database) == Some(self.generation.identity)
            && id_at(&files.journal) == Some(journal.id)
            && journal.is_intact(self.end, self.position.chain)
    }

    /// Goes on to a later mark, or to the last valid record if no mark counts. Returns `false` if the journal does not lead
    /// there.
    pub(super) fn advance(
        snapshot: &mut Arc<Snapshot>,
        mark: Option<&Mark>,
        path: &Path,
    ) -> Result<bool, Fault> {
        let Some(journal) = snapshot.journal.clone() else {
            return Ok(false);
        };
        // A mark of another database does not count, because both files were restored from a backup, or are being merged.
        let mark =
            mark.filter(|mark| mark.is_of(snapshot.generation.store, snapshot.generation.identity));
        let limit = match mark {
            Some(mark) if mark.journal != journal.header.journal => return Ok(false),
            Some(mark) if mark.is_of_this_boot() => {
                if mark.position == snapshot.position {
                    return Ok(true);
                }
                Some(mark.end)
            }
            _ => None,
        };
        if limit.is_some_and(|limit| limit < snapshot.end) {
            return Ok(false);
        }
        let bytes = journal.read(snapshot.end, limit);
        let bytes = bytes.map_err(fault_at(path, Access::Read))?;
        let mut records = RecordReader {
            bytes: &bytes,
            position: snapshot.position,
            journal: journal.header.journal,
        };
        let mut found = Vec::new();
        while let Some(record) = records.next(limit.is_some(), path)? {
            found.push(record);
        }
        let is_passed = |mark: &Mark| {
            let mut positions = found.iter().map(|record| record.position);
            mark.position.sequence < snapshot.position.sequence
                || mark.position == snapshot.position
                || positions.any(|position| position == mark.position)
        };
        if !mark.is_none_or(is_passed) {
            return Ok(false);
        }
        if !found.is_empty() {
            let snapshot = Arc::make_mut(snapshot);
            for record in found {
                let end = snapshot.end + record.len as u64;
                snapshot.append(record.changes.iter(), record.next_id, record.position, end);
            }
        }
        Ok(true)
    }

    /// Tests if this may be a later state of the same store, or the same state.
    pub(super) fn may_follow(&self, earlier: &Snapshot) -> bool {
        self.generation.store == earlier.generation.store
            && (self.position == earlier.position
                || self.position.sequence > earlier.position.sequence)
    }

    /// Adds the changes of a commit, whose record ends at this offset.
    pub(super) fn append<'c>(
        &mut self,
        changes: impl Iterator<Item = &'c Change>,
        next_id: u64,
        position: Position,
        end: u64,
    ) {
        self.last = Some(self.end);
        self.end = end;
        self.position = position;
        self.next_id = next_id;
        let mut count = 0;
        for change in changes {
            self.changes.add(change.clone());
            count += 1;
        }
        self.journaled += count.max(1);
    }

    /// Returns the place of the last record in the journal: its offset, and the end.
    pub(super) fn last_record(&self) -> Option<(u64, u64)> {
        self.last.map(|last| (last, self.end))
    }

    /// Returns the number of changes in the journal that are not in the database, or `None` if the journal is missing.
    pub(super) fn journaled(&self) -> Option<usize> {
        self.journal.as_ref().map(|_| self.journaled)
    }

    /// Tests if the changes in the journal should be merged into a new database.
    pub(super) fn is_due_for_merging(&self) -> Result<bool, Fault> {
        let limit = if self.generation.tables.len()? > MANY_ROWS {
            MAX_CHANGES_OF_MANY_ROWS
        } else {
            MAX_CHANGES
        };
        Ok(self.journaled >= limit || self.end > INITIAL_LEN as u64)
    }

    /// Checks that the changes in the journal are consistent with the database.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let tables = &self.generation.tables;
        let is_changed = |id| self.changes.by_id(id).is_some();
        for (id, change) in self.changes.iter() {
            let allocation = change.allocation();
            let is_row = tables
                .by_id(id)?
                .is_some_and(|row| row.port == allocation.port && row.key == allocation.key);
            let is_as_expected = is_row == (id.get() < self.generation.next_id);
            let is_indexed = change.held().is_none()
                || self.changes.by_port(allocation.port) == Some(change)
                    && self.changes.by_key(&allocation.key) == Some(change);
            let rivals = [
                tables.by_port(allocation.port)?,
                tables.by_key(&allocation.key)?,
            ];
            let has_no_rival = rivals.iter().flatten().all(|it| is_changed(it.id));
            if !is_as_expected || !is_indexed || !has_no_rival || id.get() >= self.next_id {
                return Err(Fault::Damaged(format!(
                    "the change to allocation {id} contradicts the database"
                )));
            }
        }
        Ok(())
    }
}

/// Opens the database and the journal. The journal is `None` if it is missing.
fn open_pair(
    files: &StoreFiles,
    mark: Option<&Mark>,
) -> Result<Option<(DatabaseFile, Option<JournalFile>)>, Fault> {
    // In this order, because the journal of a new store comes first.
    let database = DatabaseFile::open(&files.database)?;
    let journal = JournalFile::open(&files.journal, Access::Read)?;
    match (database, journal) {
        (Some(database), journal) => Ok(Some((database, journal))),
        (None, Some(journal)) if !is_unused(&journal, mark, &files.journal)? => {
            let name = files.database.file_name().unwrap_or_default().display();
            let problem = format!("has changes to {name}, which is missing");
            Err(damaged(&files.journal, &problem))
        }
        (None, _) => Ok(None),
    }
}

/// Returns the journal that was made for a database: the one beside it, or the draft if a merge was interrupted before the
/// draft became the journal. Returns `None` if neither was.
fn find_journal(
    files: &StoreFiles,
    mark: Option<&Mark>,
    database: &DatabaseFile,
    journal: JournalFile,
) -> Result<Option<JournalFile>, Fault> {
    // The whole file is read only if no writer has verified it according to its mark.
    let header = journal.header;
    let is_verified = mark.is_some_and(|mark| {
        mark.journal == header.journal && mark.is_of(header.store, database.identity)
    });
    if is_verified {
        return Ok(Some(journal));
    }
    let content = database.read()?;
    if header.is_for(&content) {
        return Ok(Some(journal));
    }
    let draft = JournalFile::open(&files.journal_draft, Access::Read);
    let draft = draft.ok().flatten();
    Ok(draft.filter(|draft| draft.header.is_for(&content)))
}

/// Tests if a journal without a database is that of a store whose creation was interrupted.
fn is_unused(journal: &JournalFile, mark: Option<&Mark>, path: &Path) -> Result<bool, Fault> {
    let is_marked = mark.is_some_and(|mark| mark.store == journal.header.store);
    if is_marked || journal.header.base.sequence > 0 {
        return Ok(false);
    }
    let bytes = journal.read(HEADER_LEN as u64, None);
    let bytes = bytes.map_err(fault_at(path, Access::Read))?;
    Ok(is_zero(&bytes))
}

/// Reads records one after the other.
struct RecordReader<'a> {
    bytes: &'a [u8],
    position: Position,
    journal: u64,
}

impl RecordReader<'_> {
    /// Returns the next record, or `None` after the last one.
    ///
    /// If all of the bytes are acknowledged, all of them must be records. Otherwise an invalid record may be one that
    /// was never synced. It is the last one, because each record is synced before the next one is written.
    fn next(&mut self, are_acknowledged: bool, path: &Path) -> Result<Option<Record>, Fault> {
        let rest = self.bytes;
        match record::parse(rest, self.position, self.journal) {
            Parsed::Record(record) => {
                self.bytes = &rest[record.len..];
                self.position = record.position;
                Ok(Some(record))
            }
            Parsed::Nothing if rest.is_empty() => Ok(None),
            Parsed::Nothing | Parsed::Invalid
                if !are_acknowledged && !record::is_later_in(rest, self.position, self.journal) =>
            {
                Ok(None)
            }
            Parsed::Nothing | Parsed::Invalid | Parsed::OtherHistory => {
                let number = self.position.sequence.saturating_add(1);
                Err(damaged(path, &format!("is damaged at change {number}")))
            }
        }
    }
}
