//! The presence of a daemon.
//!
//! A daemon holds the lock of the file `<pidfile>.lock` as long as it lives, and no crash can leave the lock
//! behind. The locked file names the daemon's process and address, which count only while the lock is held. The
//! pidfile is a note for other programs. Nothing is decided by it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::path::Path;

use super::place::lock_of;

/// The presence of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// No daemon runs.
    Absent,
    /// A daemon runs, and does not listen yet.
    Starting,
    /// A daemon runs.
    Running {
        /// The number of its process.
        pid: u32,
        /// The address that it listens on.
        address: SocketAddr,
    },
}

impl Presence {
    /// Finds out if a daemon with this pidfile runs.
    ///
    /// # Errors
    ///
    /// Returns an error if the lock cannot be examined, or if its path is not a file.
    pub fn of(pidfile: &Path) -> io::Result<Presence> {
        let lock = lock_of(pidfile);
        match fs::symlink_metadata(&lock) {
            // Opening a pipe would block.
            Ok(metadata) if !metadata.is_file() => {
                return Err(io::Error::other("it is not a file"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Presence::Absent),
            Err(error) => return Err(error),
        }
        let file = File::open(lock)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Presence::Absent),
            Err(TryLockError::WouldBlock) => Ok(Presence::read(&file)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Reads the process and the address of a daemon from a file that it has locked.
    pub(super) fn read(file: &File) -> Presence {
        let mut text = String::new();
        // A line that cannot be read is not written yet.
        let _ = file.take(LOCK_MAX_LEN).read_to_string(&mut text);
        match parse(&text) {
            Some((pid, address)) => Presence::Running { pid, address },
            None => Presence::Starting,
        }
    }

    pub(super) fn pid(self) -> Option<u32> {
        match self {
            Presence::Running { pid, .. } => Some(pid),
            Presence::Absent | Presence::Starting => None,
        }
    }
}

/// The maximum length of a lock file, which is more than a daemon writes.
pub(super) const LOCK_MAX_LEN: u64 = 256;

/// Parses the process and the address in a locked file.
pub(super) fn parse(text: &str) -> Option<(u32, SocketAddr)> {
    let (pid, address) = text.strip_suffix('\n')?.split_once(' ')?;
    Some((pid.parse().ok()?, address.parse().ok()?))
}
