//! Creating the store atomically.

use std::io;
use std::path::Path;

use super::disk;
use super::fault::Access;
use super::fault::Fault;
use super::file::{FoundFile, StoreFile, find};
use crate::system::files::beside;

/// Creates the store, unless another process just did. The caller holds the writer lock.
///
/// `initialize` writes a complete store to an empty draft beside it, which is renamed into place. So there is a
/// whole store or none, even if the process is killed or the power fails. The first commit syncs the name, because
/// the creator may be killed before it could.
pub(super) fn create(
    path: &Path,
    initialize: impl FnOnce(StoreFile) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if matches!(find(path, Access::Read)?, FoundFile::Store(_)) {
        return Ok(());
    }
    let draft = beside(path, ".draft-of-port-registry");
    // A creator that was killed may have left a draft.
    disk::remove_file(&draft).map_err(not_created)?;
    let made = make_draft(&draft, initialize)
        .and_then(|()| disk::rename(&draft, path).map_err(not_created));
    if made.is_err() {
        // After the rename there is none. Before it, a failure to remove it is harmless.
        let _ = disk::remove_file(&draft);
    }
    made
}

fn make_draft(
    draft: &Path,
    initialize: impl FnOnce(StoreFile) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let file = disk::create_file(draft).map_err(not_created)?;
    initialize(StoreFile::new(file.try_clone().map_err(not_created)?)?)?;
    disk::sync_file(&file).map_err(not_created)
}

pub(super) fn not_created(error: io::Error) -> Fault {
    Fault::File(error, Access::ReadWrite)
}
