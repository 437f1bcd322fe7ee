//! The header of a redb file.

use redb::StorageBackend;

use crate::store::fault::Fault;
use crate::store::file::StoreFile;

const LEN: usize = 320;

/// The first bytes of the file. Their layout and the flags are from the design document of redb 4.6, so Cargo.toml
/// pins redb below 4.7.
#[derive(PartialEq, Eq)]
pub(in crate::store) struct FileHeader([u8; LEN]);

const PRIMARY: u8 = 1;
const RECOVERY_REQUIRED: u8 = 2;
const PRIMARY_UNFLUSHED: u8 = 8;

/// A commit in a file: its transaction, and the tables as of then. The checksums of their roots cover all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct CommitMark {
    transaction: u64,
    roots: Vec<u8>,
}

impl CommitMark {
    pub(in crate::store) fn is_older_than(&self, other: &CommitMark) -> bool {
        self.transaction < other.transaction
    }
}

impl FileHeader {
    pub(in crate::store) fn read(file: &StoreFile) -> Result<FileHeader, Fault> {
        let mut bytes = [0; LEN];
        file.backend.read(0, &mut bytes)?;
        Ok(FileHeader(bytes))
    }

    /// Tests if a cleanly closed file names an older commit as its latest. No checksum covers the byte that says
    /// which commit is the latest. While a file is open, and after a crash, either may be.
    ///
    /// No store is like that, for two reasons. A crash leaves a whole sector, and so the header, as it was before
    /// or after a write. And redb never rebuilds its list of free pages in the file, because every commit of the
    /// store includes the list.
    pub(super) fn contradicts_itself(&self) -> bool {
        let [primary, secondary] = self.slots();
        self.flags() & RECOVERY_REQUIRED == 0
            && (self.flags() & PRIMARY_UNFLUSHED != 0
                || transaction_in(primary) < transaction_in(secondary))
    }

    /// Returns the latest commit that processes may read.
    pub(in crate::store) fn published_commit(&self) -> CommitMark {
        let [primary, secondary] = self.slots();
        mark_of(match self.flags() & PRIMARY_UNFLUSHED {
            0 => primary,
            _ => secondary,
        })
    }

    /// Tests if the file may have had this commit before its latest one, or has it now. It is not if the latest one is
    /// older, or if another commit has its number.
    pub(in crate::store) fn may_follow(&self, earlier: &CommitMark) -> bool {
        !self.published_commit().is_older_than(earlier)
            && self
                .slots()
                .map(mark_of)
                .iter()
                .all(|it| it.transaction != earlier.transaction || it == earlier)
    }

    fn flags(&self) -> u8 {
        self.0[9]
    }

    /// Returns the slots of the latest commit and of the one before it.
    fn slots(&self) -> [&[u8]; 2] {
        let (first, second) = self.0[64..].split_at(128);
        match self.flags() & PRIMARY {
            0 => [first, second],
            _ => [second, first],
        }
    }
}

fn transaction_in(slot: &[u8]) -> u64 {
    let id = slot[104..112].try_into();
    id.map(u64::from_le_bytes).unwrap_or_default()
}

fn mark_of(slot: &[u8]) -> CommitMark {
    CommitMark {
        transaction: transaction_in(slot),
        roots: slot[..72].to_vec(),
    }
}
