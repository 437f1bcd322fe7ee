//! Whether a daemon runs: one for each pidfile, a lock that says so, and the pidfile as a note.
//!
//! The lock of the file beside the pidfile (`<pidfile>.lock`) is held as long as the daemon lives,
//! and nobody can leave it behind. In the locked file the daemon says which process it is and where
//! it listens, which counts only while the lock is held. The pidfile is for others to read; nothing
//! here is decided by it.
//!
//! ```no_run
//! use port_registry::daemon::{Presence, default_pidfile};
//!
//! match Presence::of(&default_pidfile()?)? {
//!     Presence::Running { pid, address } => println!("process {pid} listens at {address}"),
//!     Presence::Starting => println!("one is about to listen"),
//!     Presence::Absent => println!("none runs"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[doc(hidden)]
pub mod api;
mod info;
mod lock;
mod pidfile;
mod serving;
mod supervisor;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use self::info::{DaemonInfo, Identity, IdentityError};
pub use self::lock::{DaemonLock, LockError};
pub use self::supervisor::{Scope, Supervisor};
use crate::system::files::{self, beside, private};
use crate::system::home::default_folder;

/// The pidfile of a daemon that is not told another one: `~/.port-registry/port-registry.pid`.
///
/// # Errors
///
/// Those of [`default_folder`].
pub fn default_pidfile() -> Result<PathBuf, crate::Error> {
    Ok(default_folder()?.join("port-registry.pid"))
}

/// Whether a daemon runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// None does.
    Absent,
    /// One does, and does not listen yet.
    Starting,
    /// One does.
    Running {
        /// Its process.
        pid: u32,
        /// Where it listens.
        address: SocketAddr,
    },
}

impl Presence {
    /// Whether a daemon of this pidfile runs.
    ///
    /// # Errors
    ///
    /// When the system does not let the lock be looked at, or what stands in its place is no file.
    pub fn of(pidfile: &Path) -> io::Result<Presence> {
        let lock = lock_of(pidfile);
        match fs::symlink_metadata(&lock) {
            // Opening a pipe would wait.
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
            Err(TryLockError::WouldBlock) => Ok(Presence::told_by(&file)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What a daemon that holds the lock of a file says in it: a line of its process and its
    /// address.
    fn told_by(file: &File) -> Presence {
        let mut text = String::new();
        // What cannot be read is not written yet.
        let _ = file.take(LOCK_MAX_LEN).read_to_string(&mut text);
        match parse(&text) {
            Some((pid, address)) => Presence::Running { pid, address },
            None => Presence::Starting,
        }
    }

    fn pid(self) -> Option<u32> {
        match self {
            Presence::Running { pid, .. } => Some(pid),
            Presence::Absent | Presence::Starting => None,
        }
    }
}

/// The file that a daemon of this pidfile holds locked: `<pidfile>.lock`.
pub fn lock_of(pidfile: &Path) -> PathBuf {
    beside(pidfile, ".lock")
}

/// More bytes than what a daemon says in a locked file.
const LOCK_MAX_LEN: u64 = 256;

/// The process and the address in the text of a locked file.
fn parse(text: &str) -> Option<(u32, SocketAddr)> {
    let (pid, address) = text.strip_suffix('\n')?.split_once(' ')?;
    Some((pid.parse().ok()?, address.parse().ok()?))
}

/// Opens a file of the daemon's as the options say. If it is created, it is for this user alone, and
/// so are the folders that it is in.
///
/// # Errors
///
/// When the system does not allow it.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    private(options).open(path)
}
