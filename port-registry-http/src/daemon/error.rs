//! The errors that end the daemon.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use port_registry::daemon::LockError;
use port_registry::{Error, PortUsage, PortUse};
use thiserror::Error as ThisError;

/// An error that keeps the daemon from starting, or from serving on.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum DaemonError {
    /// The pidfile belongs to another daemon, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),

    /// The command line names no pidfile, and there is no default place for it, because the home folder is unknown.
    #[error("HOME is not an absolute path; set it, or pass --db and --pidfile")]
    NoHome,

    /// The store cannot be used.
    #[error(transparent)]
    Registry(#[from] Error),

    /// Something else uses the port.
    #[error(
        "cannot listen on {address}: the port is {in_use}; {}choose another port with --port",
        patience(in_use)
    )]
    #[non_exhaustive]
    PortInUse {
        /// The address, of either family.
        address: SocketAddr,
        /// The use of the port, as far as the system tells.
        in_use: Box<PortUse>,
    },

    /// The system does not let the daemon listen on the port.
    #[error("cannot listen on {address}; choose another port with --port")]
    #[non_exhaustive]
    Bind {
        /// The address, of either family.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },

    /// This process may bind no port at all, as in a sandbox without network access.
    #[error("this process may not bind ports; run it outside of the sandbox")]
    #[non_exhaustive]
    MayNotBind {
        /// The error of the operating system.
        source: io::Error,
    },

    /// The store and the pidfile are the same file.
    #[error("{} cannot be both the registry and the pidfile; choose another pidfile with --pidfile", path.display())]
    #[non_exhaustive]
    SameFile {
        /// The file.
        path: PathBuf,
    },

    /// Another program listens on the path of the Unix socket, or the path is another file.
    #[error("{} is {found}; it was left unchanged; choose another pidfile with --pidfile", path.display())]
    #[non_exhaustive]
    SocketTaken {
        /// The path.
        path: PathBuf,
        /// The description of what is there.
        found: &'static str,
    },

    /// The log cannot be opened.
    #[error("cannot log to {}; choose another file with --log", path.display())]
    #[non_exhaustive]
    Log {
        /// The log.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The log, or the file to which it is renamed, has another purpose.
    #[error("cannot log to {}: it or its .old file is {purpose}; choose another file with --log", path.display())]
    #[non_exhaustive]
    LogTaken {
        /// The log.
        path: PathBuf,
        /// The other purpose of the file.
        purpose: &'static str,
    },

    /// The process may not open enough files.
    #[error(
        "only {files} files may be open at a time, and the daemon needs {needed}; raise the limit (ulimit -n)"
    )]
    #[non_exhaustive]
    TooFewFiles {
        /// The limit.
        files: usize,
        /// The smallest limit that suffices.
        needed: usize,
    },

    /// The clock shows a time that HTTP cannot express.
    #[error("the clock is set to a time before 1970 or after 9999; set it, for example with date")]
    Clock,

    /// The operating system denied a resource, such as a thread.
    #[error(
        "the operating system denied the daemon a resource; free some memory, or raise the limits (ulimit -a)"
    )]
    System(#[from] io::Error),
}

/// Advises to wait for a port that becomes free by itself.
fn patience(in_use: &PortUse) -> &'static str {
    match in_use.usage {
        PortUsage::Closing => "try again in a minute, or ",
        _ => "",
    }
}
