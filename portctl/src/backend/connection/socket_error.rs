//! The reasons why a Unix socket cannot be connected to.

use std::io::{self, ErrorKind};
use std::path::Path;

use thiserror::Error;

/// The reason why a Unix socket leads to no daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SocketProblem {
    #[error("there is no such socket")]
    Missing,
    #[error("the daemon that made this socket has ended")]
    Stale,
    #[error("it is not a socket")]
    NotASocket,
    #[error("the system denies access to the socket")]
    Forbidden,
}

impl SocketProblem {
    /// Returns `None` if an error tells nothing about the socket itself.
    pub(crate) fn of(error: &io::Error, path: &Path) -> Option<SocketProblem> {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Some(SocketProblem::Missing),
            // The kernel refuses files of other kinds like sockets on which nothing listens.
            ErrorKind::ConnectionRefused if is_socket(path) => Some(SocketProblem::Stale),
            ErrorKind::ConnectionRefused => Some(SocketProblem::NotASocket),
            ErrorKind::PermissionDenied if !is_by_sandbox(error) => Some(SocketProblem::Forbidden),
            _ => None,
        }
    }

    /// The reason if it means that no process serves the socket.
    pub(crate) fn is_absence(self) -> bool {
        matches!(self, SocketProblem::Missing | SocketProblem::Stale)
    }
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    path.metadata().is_ok_and(|it| it.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    true
}

/// Sandboxes refuse the system call with EPERM, and files refuse a user with EACCES.
#[cfg(unix)]
fn is_by_sandbox(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::PERM)
}

#[cfg(not(unix))]
fn is_by_sandbox(_: &io::Error) -> bool {
    true
}
