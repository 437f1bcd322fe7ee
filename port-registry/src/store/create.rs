//! Creating the store in one step.

use std::io;
use std::path::Path;

use super::disk;
use super::fault::Fault;
use super::file::{Access, Found, StoreFile, find};
use crate::system::files::beside;

/// Creates the store, unless someone else just did: `initialize` makes a complete one in an empty
/// file beside it, which then takes its place in one step. So there is a whole store or none,
/// whenever a process is killed or the power fails. The caller holds the lock of the
/// [lock file](super::file::lock_path). That the store keeps its name is for the first commit to see to, since
/// the creator may not live to do so.
pub(super) fn create(
    path: &Path,
    initialize: impl FnOnce(StoreFile) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if matches!(find(path, Access::Read)?, Found::Store(_)) {
        return Ok(());
    }
    let draft = beside(path, ".draft-of-port-registry");
    // What a creator left behind that did not live to finish.
    disk::remove_file(&draft).map_err(not_created)?;
    let made = make_draft(&draft, initialize)
        .and_then(|()| disk::rename(&draft, path).map_err(not_created));
    if made.is_err() {
        // Gone already if it was renamed; worth nothing if it was not.
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
