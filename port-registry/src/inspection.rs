//! Inspecting a store without changing it.

use std::path::PathBuf;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::store::transaction::Store;
use crate::types::allocation::Allocation;
use crate::types::filter::Filter;

/// The result of [`Builder::inspect`](crate::Builder::inspect).
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The store's file, with a symbolic link resolved.
    pub path: PathBuf,
    /// The version of the file's format, or `None` if the store does not exist yet.
    pub format_version: Option<u64>,
    /// The number of changes in the journal that are not in the file yet, or `None` if there is no journal. A store without
    /// its journal has lost its latest changes.
    pub journaled_changes: Option<usize>,
    /// All allocations, ordered by id.
    pub allocations: Vec<Allocation>,
    /// The error that a write would fail with now, if any.
    ///
    /// [`Error::Busy`] means that another process held the store until the wait deadline, [`Error::NotWritable`] and
    /// [`Error::Store`] that a file cannot be opened for writing, and [`Error::JournalMissing`] that the journal is gone.
    pub obstacle: Option<Error>,
}

/// Reads and checks the whole store, then tests if it could be written to.
pub(crate) fn inspect(store: &Store) -> Result<Inspection, Error> {
    let (format_version, journaled_changes, allocations) =
        store.read(Deadline::after(store.wait()), |rows| {
            rows.check()?;
            let allocations = rows.matching(&Filter::new())?;
            Ok((rows.format_version(), rows.journaled(), allocations))
        })?;
    let writable = store.check_writable(Deadline::after(store.wait()));
    Ok(Inspection {
        path: store.path().to_owned(),
        format_version,
        journaled_changes,
        allocations,
        obstacle: writable.err(),
    })
}
