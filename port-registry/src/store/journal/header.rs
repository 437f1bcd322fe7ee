//! The header of a journal, which never changes.

use crate::store::bytes::{hash, sealed, unsealed};
use crate::store::position::Position;

/// The offset of the first record in bytes: a page, so that no write to a record touches the header.
pub(in crate::store) const HEADER_LEN: usize = 4096;

const MAGIC: &[u8; 16] = b"port-reg journal";
/// The length of the magic number and the ten numbers in bytes. Zeros follow, and a hash of them all.
pub(super) const NUMBERS_LEN: usize = 96;

/// The numbers in the header of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct JournalHeader {
    pub(in crate::store) format: u64,
    /// The lowest format that a program has to know to read the store.
    pub(in crate::store) min_reader: u64,
    /// The lowest format that a program has to know to write to the store.
    pub(in crate::store) min_writer: u64,
    /// The id of the store.
    pub(in crate::store) store: u64,
    /// The id of the journal, which is random.
    pub(in crate::store) journal: u64,
    /// The position before the first record.
    pub(in crate::store) base: Position,
    /// The next id at that position.
    pub(in crate::store) next_id: u64,
    /// The length and the hash of the database that the journal was made for.
    pub(in crate::store) database_len: u64,
    pub(in crate::store) database_hash: u64,
}

/// The reason why the start of a file is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum BadHeader {
    /// The file is not a journal.
    Foreign,
    Damaged,
}

impl JournalHeader {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let numbers = [
            self.format,
            self.min_reader,
            self.min_writer,
            self.store,
            self.journal,
            self.base.sequence,
            self.base.chain,
            self.next_id,
            self.database_len,
            self.database_hash,
        ];
        sealed(MAGIC, &numbers, HEADER_LEN)
    }

    /// Tests if the journal was made for a database with this content.
    pub(in crate::store) fn is_for(&self, database: &[u8]) -> bool {
        self.database_len == database.len() as u64 && self.database_hash == hash(0, database)
    }

    /// Reads a header from the start of a journal.
    pub(in crate::store) fn decode(start: &[u8]) -> Result<JournalHeader, BadHeader> {
        if !start.starts_with(MAGIC) {
            return Err(BadHeader::Foreign);
        }
        let [
            format,
            min_reader,
            min_writer,
            store,
            journal,
            sequence,
            chain,
            rest @ ..,
        ]: [u64; 10] = unsealed(MAGIC, start, HEADER_LEN).ok_or(BadHeader::Damaged)?;
        let [next_id, database_len, database_hash] = rest;
        Ok(JournalHeader {
            format,
            min_reader,
            min_writer,
            store,
            journal,
            base: Position { sequence, chain },
            next_id,
            database_len,
            database_hash,
        })
    }
}
