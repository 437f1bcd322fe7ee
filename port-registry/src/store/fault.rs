//! What goes wrong inside the store, before it is told to anybody.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use thiserror::Error;

use super::file::Access;
use crate::deadline::Deadline;
use crate::error::{Error, StoreError, StoreFault};

/// A failure of the store. [`Fault::at`] makes a public error of it.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A lock was not to be had before the deadline.
    Busy,
    /// What is stored contradicts itself.
    Damaged(String),
    /// The storage engine failed.
    Engine(redb::Error),
    /// A commit failed, and whether it took effect cannot be looked up.
    OutcomeUnknown(redb::Error),
    /// A file could not be opened, created or renamed.
    File(io::Error, Access),
    /// Already a public error, to be passed on as it is.
    Public(Error),
}

/// The wait for a lock outlasted the deadline. Travels through the storage engine, from the
/// backend to us.
#[derive(Debug, Error)]
#[error("the wait for a lock outlasted the deadline")]
pub(super) struct Expired;

impl Fault {
    /// The public error for a fault of the store at `path`, met by a call with this deadline.
    pub(crate) fn at(self, path: &Path, deadline: Deadline) -> Error {
        let path = path.to_owned();
        match self {
            Fault::Public(error) => error,
            Fault::Busy => Error::Busy {
                path,
                waited: deadline.wait(),
            },
            Fault::Damaged(detail) => Error::Damaged { path, detail },
            Fault::File(cause, access) if is_forbidden(&cause) => match access {
                Access::Read => Error::NotReadable { path, cause },
                Access::ReadWrite => Error::NotWritable { path, cause },
            },
            Fault::File(cause, _) => Error::Store {
                path,
                cause: StoreError::new(cause),
            },
            Fault::Engine(error) => Error::Store {
                path,
                cause: engine_error(error),
            },
            Fault::OutcomeUnknown(error) => Error::OutcomeUnknown {
                path,
                cause: engine_error(error),
            },
        }
    }

    /// Whether what is stored may still be read from a copy of the file.
    pub(super) fn leaves_an_image(&self) -> bool {
        matches!(
            self,
            Fault::Busy
                | Fault::File(_, Access::ReadWrite)
                | Fault::Engine(
                    redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::RepairAborted
                )
        )
    }

    /// Whether the handle that met this fault refuses all further work, as redb's do after an I/O
    /// error, so that the file has to be opened anew.
    pub(super) fn breaks_handle(&self) -> bool {
        matches!(
            self,
            Fault::Damaged(_)
                | Fault::OutcomeUnknown(_)
                | Fault::Engine(
                    redb::Error::PreviousIo
                        | redb::Error::Io(_)
                        | redb::Error::LockPoisoned(_)
                        | redb::Error::DatabaseClosed
                )
        )
    }
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Fault {
        match error.into() {
            redb::Error::Backend(error) if error.is::<Expired>() => Fault::Busy,
            // The file is shorter than what is stored in it says.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Fault::Damaged("it is cut short".to_owned())
            }
            redb::Error::UpgradeRequired(_) | redb::Error::Corrupted(_) => changed(),
            error => Fault::Engine(error),
        }
    }
}

/// What `f` comes to; `None` if it panics, as the storage engine does over some pages that were damaged
/// since it wrote them. What `f` has touched must not be used again then. The panic was printed.
pub(super) fn catch<T>(f: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(f)).ok()
}

/// The fault of a file that is not as it was written.
pub(super) fn changed() -> Fault {
    Fault::Damaged(
        "it was changed by something else, as its checksums or its structure tell".to_owned(),
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
        redb::Error::Io(error) => StoreError::new(error),
        error => StoreError::new(StoreFault::Engine(Box::new(error))),
    }
}
