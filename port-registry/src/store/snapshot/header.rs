//! The header of a redb file.

use redb::StorageBackend;

use crate::store::fault::Fault;
use crate::store::file::StoreFile;

const LEN: usize = 320;

/// The first bytes of the file. Their layout and the flags are from the design document of redb 4.6, so Cargo.toml
/// pins redb below 4.7.
#[derive(PartialEq, Eq)]
pub(super) struct FileHeader([u8; LEN]);

impl FileHeader {
    pub(super) fn read(file: &StoreFile) -> Result<FileHeader, Fault> {
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
        const PRIMARY: u8 = 1;
        const RECOVERY_REQUIRED: u8 = 2;
        const PRIMARY_UNFLUSHED: u8 = 8;
        let flags = self.0[9];
        let id_in_slot = |slot: usize| {
            let start = 64 + 128 * slot + 104;
            let id = self.0[start..start + 8].try_into();
            id.map(u64::from_le_bytes).unwrap_or_default()
        };
        let (primary, secondary) = match flags & PRIMARY {
            0 => (0, 1),
            _ => (1, 0),
        };
        flags & RECOVERY_REQUIRED == 0
            && (flags & PRIMARY_UNFLUSHED != 0 || id_in_slot(primary) < id_in_slot(secondary))
    }
}
