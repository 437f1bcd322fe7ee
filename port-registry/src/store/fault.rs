//! What goes wrong inside the store, before it is told to anybody.

use std::io;
use std::path::Path;

use thiserror::Error;

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
    Io(io::Error),
    /// The fault is told already.
    Told(Error),
}

/// The wait for a lock outlasted the deadline. Travels through the storage engine, from the
/// backend to us.
#[derive(Debug, Error)]
#[error("the wait for a lock outlasted the deadline")]
pub(super) struct Expired;

impl Fault {
    /// The public error for a fault of the store at `path`, met by a call with this deadline.
    pub(crate) fn at(self, path: &Path, deadline: Deadline) -> Error {
        let store = |fault: StoreFault| Error::Store {
            path: path.to_owned(),
            source: StoreError::new(fault),
        };
        match self {
            Fault::Told(error) => error,
            Fault::Busy => Error::Busy {
                path: path.to_owned(),
                waited: deadline.wait(),
            },
            Fault::Damaged(detail) | Fault::Engine(redb::Error::Corrupted(detail)) => {
                Error::Damaged {
                    path: path.to_owned(),
                    detail,
                }
            }
            Fault::Io(source) | Fault::Engine(redb::Error::Io(source)) => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Error::NotWritable {
                        path: path.to_owned(),
                        source,
                    }
                }
                _ => store(StoreFault::Io(source)),
            },
            Fault::Engine(error) => store(StoreFault::Engine(Box::new(error))),
            Fault::OutcomeUnknown(error) => Error::OutcomeUnknown {
                path: path.to_owned(),
                source: StoreError::new(match error {
                    redb::Error::Io(error) => StoreFault::Io(error),
                    error => StoreFault::Engine(Box::new(error)),
                }),
            },
        }
    }

    /// Whether the handle that met this fault refuses all further work, as redb's do after an I/O
    /// error, so that the file has to be opened anew.
    pub(super) fn breaks_handle(&self) -> bool {
        matches!(
            self,
            Fault::Engine(
                redb::Error::PreviousIo
                    | redb::Error::Io(_)
                    | redb::Error::Corrupted(_)
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
            // Someone has the file open without sharing it.
            redb::Error::DatabaseAlreadyOpen | redb::Error::WouldBlock => Fault::Busy,
            error => Fault::Engine(error),
        }
    }
}
