//! Sandboxes that keep this process from using the network.

use std::io::{self, ErrorKind};

#[cfg(unix)]
use rustix::io::Errno;
use thiserror::Error;

use crate::report::Report;

/// The reason why this process can open no connection, even to this machine. It tells nothing about the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NoConnections {
    #[error("this process may not open connections")]
    Denied,
    #[error("this process has too many open files to open a connection")]
    TooManyFiles,
    #[error("the network of this process has no loopback interface that is up")]
    LoopbackDown,
}

impl NoConnections {
    /// Returns `None` if the connection was tried.
    pub(crate) fn of(error: &io::Error) -> Option<NoConnections> {
        if error.kind() == ErrorKind::PermissionDenied {
            return Some(NoConnections::Denied);
        }
        #[cfg(unix)]
        match Errno::from_io_error(error)? {
            // Service managers and sandboxes restrict families in this way.
            Errno::AFNOSUPPORT => return Some(NoConnections::Denied),
            Errno::MFILE | Errno::NFILE => return Some(NoConnections::TooManyFiles),
            _ => {}
        }
        None
    }

    /// Like [`of`](NoConnections::of), for a connection to a loopback address, which only the own network can keep out of
    /// reach.
    pub(crate) fn of_loopback(error: &io::Error) -> Option<NoConnections> {
        match error.kind() {
            ErrorKind::NetworkUnreachable => Some(NoConnections::LoopbackDown),
            _ => NoConnections::of(error),
        }
    }

    pub(crate) fn next_step(self) -> &'static str {
        match self {
            NoConnections::Denied => NEXT_STEP,
            NoConnections::TooManyFiles => "allow it more, for example with `ulimit -n 1024`",
            NoConnections::LoopbackDown => {
                "`ip link set lo up` brings it up; without it, PORT_REGISTRY_ADDR=unix:PATH leads to a daemon of another \
                 network, and without PORT_REGISTRY_ADDR portctl needs no daemon"
            }
        }
    }

    /// Reports that a command needs connections. `purpose` says what for, to follow "so".
    pub(crate) fn report(self, purpose: &str) -> Report {
        Report::new(format!("{self}, so {purpose}")).hint(self.next_step())
    }
}

/// The problem where the system denies the binding of ports.
pub(crate) const NO_BINDING: &str = "this process may not bind ports";

/// The next step where the system denies the use of the network.
pub(crate) const NEXT_STEP: &str = "run portctl outside of the sandbox";
