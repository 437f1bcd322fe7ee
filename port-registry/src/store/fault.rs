//! Failures inside the store, before they become public errors.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::store_error::StoreError;

/// The way in which a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

/// A failure inside the store. [`Fault::into_error`] turns it into a public error.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The deadline passed before a lock was free.
    Busy,
    /// The stored data contradicts itself.
    Damaged(String),
    /// The storage engine failed.
    Engine(redb::Error),
    /// A commit failed, and the attempt to undo it failed too.
    OutcomeUnknown(io::Error),
    /// A file could not be opened, created or renamed.
    File(io::Error, Access),
    /// A failure that is a public error already.
    Public(Error),
}

impl Fault {
    /// Returns the public error for a fault of the store at `path`, in a call with this deadline.
    pub(crate) fn into_error(self, path: &Path, deadline: Deadline) -> Error {
        let path = path.to_owned();
        match self {
            Fault::Public(error) => error,
            Fault::Busy => Error::Busy {
                path,
                waited: deadline.wait(),
            },
            Fault::Damaged(detail) => Error::Damaged { path, detail },
            Fault::File(source, access) if is_forbidden(&source) => match access {
                Access::Read => Error::NotReadable { path, source },
                Access::ReadWrite => Error::NotWritable { path, source },
            },
            Fault::File(error, _) => Error::Store {
                path,
                source: StoreError::from_io(error),
            },
            Fault::Engine(error) => Error::Store {
                path,
                source: engine_error(error),
            },
            Fault::OutcomeUnknown(error) => Error::OutcomeUnknown {
                path,
                source: StoreError::from_io(error),
            },
        }
    }
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Fault {
        match error.into() {
            // The data refers to a place beyond the end of the file.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Fault::Damaged("it is cut short".to_owned())
            }
            redb::Error::UpgradeRequired(_)
            | redb::Error::Corrupted(_)
            | redb::Error::RepairAborted => changed_by_others(),
            error => Fault::Engine(error),
        }
    }
}

/// Calls `f`, and returns `None` if it panics, after the panic was printed. redb panics on some pages that were
/// damaged since it wrote them. Never use the values again that `f` has touched.
pub(super) fn catch_panic<T>(f: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(f)).ok()
}

/// Returns the fault of a file that differs from what was written.
pub(super) fn changed_by_others() -> Fault {
    Fault::Damaged(
        "another program changed it, according to its checksums or its structure".to_owned(),
    )
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

fn engine_error(error: redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) => StoreError::from_io(error),
        error => StoreError::from_engine(error),
    }
}
