//! Looking at a store as it is, for those who want to know what is wrong with it.

use std::path::PathBuf;

use crate::allocation::{Allocation, Filter};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::store::Store;

/// What [`Builder::examine`](crate::Builder::examine) finds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Examination {
    /// The store's file. A symbolic link was followed.
    pub path: PathBuf,
    /// The version of the layout that the file has. `None` where there is no store yet.
    pub format_version: Option<u64>,
    /// All allocations, by id.
    pub allocations: Vec<Allocation>,
    /// What would keep a change from being stored now, if anything: [`Error::Busy`] when another
    /// process holds the store for as long as a call waits, or [`Error::NotWritable`] or
    /// [`Error::Store`] when the file cannot be opened to write it.
    pub obstacle: Option<Error>,
}

/// Reads all of a store and checks it; then finds out whether it could be changed.
pub(crate) fn examine(store: &Store) -> Result<Examination, Error> {
    let deadline = Deadline::after(store.wait());
    let read = store.read(deadline, |rows| {
        rows.check()?;
        Ok((rows.format_version()?, rows.matching(&Filter::default())?))
    });
    let path = store.path();
    let (format_version, allocations) = read.map_err(|fault| fault.at(path, deadline))?;
    let deadline = Deadline::after(store.wait());
    let writable = store.check_writable(deadline);
    Ok(Examination {
        path: path.to_owned(),
        format_version,
        allocations,
        obstacle: writable.err().map(|fault| fault.at(path, deadline)),
    })
}
