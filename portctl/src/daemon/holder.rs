//! Evidence of the kernel about the process that a daemon's lock names.
//!
//! The lock proves that a daemon runs, but not where. Containers can share a home folder, and then the process id and
//! the address in the lock mean other processes and other servers here. Never signal a process, and never name it as one
//! to end, unless the kernel shows that it holds the lock. Never take a server for the daemon unless that process
//! listens in the network of this one, or the server has the daemon's own socket.

use std::net::SocketAddr;
use std::path::Path;

use super::process::Process;

/// The place of the process that a held lock names, seen from this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HolderPlace {
    /// Tells whether a process with this id holds the lock here. It may run in another container, or have ended. `None` if
    /// the system hides that.
    holds_lock: Option<bool>,
    /// Tells whether the process listens in the network of this one. `None` if the system hides that.
    shares_network: Option<bool>,
}

impl HolderPlace {
    /// Looks for the process that the lock of a pidfile names.
    pub(super) fn of(pid: u32, listener: SocketAddr, pidfile: &Path) -> HolderPlace {
        match Process::open(pid) {
            Ok(Some(process)) => evidence::place_of(&process, pid, listener, pidfile),
            opened => HolderPlace {
                holds_lock: opened.is_ok().then_some(false),
                shares_network: None,
            },
        }
    }

    pub(super) fn holds_lock(self) -> Option<bool> {
        self.holds_lock
    }

    pub(super) fn shares_network(self) -> Option<bool> {
        self.shares_network
    }

    /// Returns true if the id names the process that holds the lock, so that it may be signalled.
    pub(crate) fn is_process(self) -> bool {
        self.holds_lock == Some(true)
    }

    /// Returns true if the process listens in this network, so that nobody else can listen at its address.
    pub(crate) fn is_here(self) -> bool {
        self.is_process() && self.shares_network == Some(true)
    }
}

#[cfg(target_os = "linux")]
mod evidence {
    //! The files, namespaces and locks of processes in `/proc`.

    use std::fs;
    use std::net::SocketAddr;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use port_registry::daemon::lock_of;

    use super::HolderPlace;
    use crate::daemon::process::Process;

    pub(super) fn place_of(
        process: &Process,
        pid: u32,
        _: SocketAddr,
        pidfile: &Path,
    ) -> HolderPlace {
        let lock = lock_of(pidfile);
        HolderPlace {
            // In some sandboxes, the process is visible, but not its files.
            holds_lock: process.has_open(&lock).or_else(|| has_locked(pid, &lock)),
            shares_network: process.shares_network(),
        }
    }

    /// Tests whether the kernel's list of locks names a process for a file. Returns `None` if there is no list.
    ///
    /// The list has no locks of other process namespaces. It shows device numbers that differ from those of the file on
    /// some filesystems, so they are not compared.
    fn has_locked(pid: u32, lock: &Path) -> Option<bool> {
        let inode = format!(":{}", lock.metadata().ok()?.ino());
        let pid = pid.to_string();
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let is_it = |line: &str| {
            // Number, kind, mode, access, process, file (proc(5)).
            let fields: Vec<&str> = line.split_whitespace().collect();
            matches!(fields[..], [_, "FLOCK", _, "WRITE", by, file, ..]
                if by == pid && file.ends_with(&inode))
        };
        Some(locks.lines().any(is_it))
    }
}

#[cfg(not(target_os = "linux"))]
mod evidence {
    //! The processes that listen. These systems have no namespaces.

    use std::net::SocketAddr;
    use std::path::Path;

    use port_registry::{Port, PortUse};

    use super::HolderPlace;
    use crate::daemon::process::Process;

    pub(super) fn place_of(_: &Process, pid: u32, listener: SocketAddr, _: &Path) -> HolderPlace {
        let port = Port::new(listener.port()).ok();
        let listener = port.and_then(|port| PortUse::of_busy(port).listener);
        let listening = listener.and_then(|it| it.pid);
        HolderPlace {
            holds_lock: listening.map(|listening| listening == pid),
            shares_network: Some(true),
        }
    }
}
