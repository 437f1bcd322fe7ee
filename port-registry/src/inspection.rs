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
    /// All allocations, ordered by id.
    pub allocations: Vec<Allocation>,
    /// The error that a write would fail with now, if any.
    ///
    /// [`Error::Busy`] means that another process held the store until the wait deadline, [`Error::NotWritable`] and
    /// [`Error::Store`] that the file cannot be opened for writing.
    pub obstacle: Option<Error>,
}

/// Reads and checks the whole store, then tests if it could be written to.
pub(crate) fn inspect(store: &Store) -> Result<Inspection, Error> {
    let (format_version, allocations) = store.read(Deadline::after(store.wait()), |rows| {
        rows.check()?;
        Ok((rows.format_version()?, rows.matching(&Filter::new())?))
    })?;
    let writable = store.check_writable(Deadline::after(store.wait()));
    Ok(Inspection {
        path: store.path().to_owned(),
        format_version,
        allocations,
        obstacle: writable.err(),
    })
}
