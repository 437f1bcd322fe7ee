//! The errors of taking a daemon's lock.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The error if this process cannot be the daemon of a pidfile.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process is the daemon.
    #[error(
        "port-registry is already running{}, by its lock {}; use that daemon, or choose another pidfile with --pidfile",
        pid.map(|pid| format!(" as process {pid}")).unwrap_or_default(),
        lock.display()
    )]
    #[non_exhaustive]
    Running {
        /// The number of its process, once it listens.
        pid: Option<u32>,
        /// The locked file.
        lock: PathBuf,
    },

    /// Another file is in the place of the pidfile or its lock.
    #[error("{} is not {expected}; it was left unchanged; choose another pidfile with --pidfile", path.display())]
    #[non_exhaustive]
    Foreign {
        /// The path.
        path: PathBuf,
        /// The description of the expected file.
        expected: &'static str,
    },

    /// The pidfile cannot be examined or written.
    #[error("cannot write {}; choose another pidfile with --pidfile", path.display())]
    #[non_exhaustive]
    Pidfile {
        /// The pidfile.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The lock file cannot be opened or locked.
    #[error("cannot lock {}; choose another pidfile with --pidfile", lock.display())]
    #[non_exhaustive]
    Io {
        /// The lock file.
        lock: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}
