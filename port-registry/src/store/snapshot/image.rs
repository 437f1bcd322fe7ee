//! Images of the store's file: the state that a crash at this moment would leave.
//!
//! redb repairs such a file when it opens it. So an image is opened with all writes kept in memory, and without
//! locks.
//!
//! An image shows one moment if the header does not change while it is read. Every commit changes the header, and
//! redb overwrites no page of a commit before the next one. A reader's transaction protects the pages of its
//! commit for longer.

use std::path::Path;

use redb::{Builder, Database};

use super::header::FileHeader;
use super::overlay::OverlayBackend;
use crate::store::fault::Access;
use crate::store::fault::{self, Fault};
use crate::store::file::{self, FoundFile, StoreFile};
use crate::store::handle::CACHE_SIZE;

/// The number of attempts to read an image while others write.
pub(super) const ATTEMPTS: usize = 3;

/// Calls `query` with an image of the store, or with `None` if the store does not exist.
///
/// An image can be read if the file cannot be opened: a writer was suspended in the microseconds in which redb
/// locks the header, or the file needs a repair but cannot be written to. Returns `Busy` if others write all the
/// time.
pub(in crate::store) fn read<T>(
    path: &Path,
    mut query: impl FnMut(Option<&Database>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let FoundFile::Store(file) = file::find(path, Access::Read)? else {
        return query(None);
    };
    for _ in 0..ATTEMPTS {
        let (result, is_unchanged) = read_once(&file, |header| {
            let image = open(&builder(), &file, header)?;
            query(Some(&image))
        })?;
        if is_unchanged {
            return result;
        }
    }
    Err(Fault::Busy)
}

/// Calls `read`. Returns its result, and `true` if the header did not change meanwhile.
pub(super) fn read_once<T>(
    file: &StoreFile,
    read: impl FnOnce(&FileHeader) -> Result<T, Fault>,
) -> Result<(Result<T, Fault>, bool), Fault> {
    let before = FileHeader::read(file)?;
    let result =
        fault::catch_panic(|| read(&before)).unwrap_or_else(|| Err(fault::changed_by_others()));
    Ok((result, FileHeader::read(file)? == before))
}

/// Returns settings that verify all checksums when an image is opened.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_SIZE)
        .set_check_integrity_on_open(true);
    builder
}

/// Opens an image of a file.
pub(super) fn open(
    builder: &Builder,
    file: &StoreFile,
    header: &FileHeader,
) -> Result<Database, Fault> {
    if header.contradicts_itself() {
        return Err(fault::changed_by_others());
    }
    let overlay = OverlayBackend::new(file.backend.clone())?;
    Ok(builder.create_with_backend(overlay)?)
}
