//! The lock of a pidfile: who holds it is the daemon.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::{LOCK_MAX_LEN, Presence, lock_of, open_private, parse, pidfile};
use crate::deadline::Deadline;
use crate::system::files;

/// How long to try for the lock: a process that only looks whether it is held takes it for a moment.
const PATIENCE: Duration = Duration::from_millis(100);

/// The right to be the daemon of a pidfile, until it is dropped.
#[derive(Debug)]
pub struct DaemonLock {
    pidfile: PathBuf,
    lock: PathBuf,
    /// Held for its lock.
    file: File,
}

/// Why this process cannot be the daemon of a pidfile.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process is it.
    #[error(
        "port-registry is already running{}, by its lock {}; stop it, or name another place by --pidfile",
        pid.map(|pid| format!(" as process {pid}")).unwrap_or_default(),
        lock.display()
    )]
    #[non_exhaustive]
    Running {
        /// What it says, once it listens.
        pid: Option<u32>,
        /// The file that is locked.
        lock: PathBuf,
    },

    /// What stands in the place of the pidfile or its lock is something else.
    #[error("{} is not {expected}; it was left as it is, name another place by --pidfile", path.display())]
    #[non_exhaustive]
    Foreign {
        /// What is there.
        path: PathBuf,
        /// What could have been there.
        expected: &'static str,
    },

    /// The pidfile cannot be looked at or written.
    #[error("cannot write {}: {cause}; name another place by --pidfile", path.display())]
    #[non_exhaustive]
    Pidfile {
        /// The pidfile.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },

    /// The lock cannot be had.
    #[error("cannot lock {}: {cause}; name another place by --pidfile", lock.display())]
    #[non_exhaustive]
    Io {
        /// The file that was to be locked.
        lock: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl DaemonLock {
    /// Takes the lock, or says who has it.
    ///
    /// # Errors
    ///
    /// [`Running`](LockError::Running) when another process has it,
    /// [`Foreign`](LockError::Foreign) when something else would be lost, and the others when the
    /// system does not allow it.
    pub fn take(pidfile: &Path) -> Result<DaemonLock, LockError> {
        pidfile::check_replaceable(pidfile)?;
        let lock = lock_of(pidfile);
        check_lock(&lock, None)?;
        let io_error = |cause| LockError::Io {
            lock: lock.clone(),
            cause,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_private(&lock, &mut options).map_err(io_error)?;
        let is_locked = Deadline::after(PATIENCE).poll(|| match file.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(io_error(cause)),
        })?;
        if is_locked.is_none() {
            return Err(LockError::Running {
                pid: Presence::told_by(&file).pid(),
                lock,
            });
        }
        check_lock(&lock, Some(&file))?;
        // What the last daemon said.
        file.set_len(0).map_err(io_error)?;
        Ok(DaemonLock {
            pidfile: pidfile.to_owned(),
            lock,
            file,
        })
    }

    /// Says which process this is and where it listens: in the locked file, and in the pidfile. That
    /// one is never there in part; a symbolic link in its place is replaced, and not written through.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    pub fn announce(&self, address: SocketAddr) -> Result<(), LockError> {
        // It may be there only since the lock was taken.
        pidfile::check_replaceable(&self.pidfile)?;
        let line = format!("{} {address}\n", std::process::id());
        self.say(&line).map_err(|cause| LockError::Io {
            lock: self.lock.clone(),
            cause,
        })?;
        pidfile::write(&self.pidfile).map_err(|cause| LockError::Pidfile {
            path: self.pidfile.clone(),
            cause,
        })
    }

    /// Puts a text in the locked file, in the place of what it said.
    fn say(&self, text: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        if pidfile::read(&self.pidfile) == Some(std::process::id()) {
            // What stays behind is of no consequence.
            let _ = fs::remove_file(&self.pidfile);
        }
    }
}

/// Checks that nothing would be lost if a daemon wrote into this lock: there is nothing, or a file,
/// and no symbolic link to one, that is empty or says what a daemon says. Once it is open, that it is
/// this file which was opened.
fn check_lock(lock: &Path, open: Option<&File>) -> Result<(), LockError> {
    let foreign = || LockError::Foreign {
        path: lock.to_owned(),
        expected: "the lock of a pidfile",
    };
    let io_error = |cause| LockError::Io {
        lock: lock.to_owned(),
        cause,
    };
    let metadata = match fs::symlink_metadata(lock) {
        Ok(metadata) => metadata,
        Err(error) if open.is_none() && error.kind() == ErrorKind::NotFound => return Ok(()),
        // What it is in may be a file; opening it tells.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(()),
        Err(cause) => return Err(io_error(cause)),
    };
    let is_opened = match open {
        Some(file) => files::id_in(&file.metadata().map_err(io_error)?) == files::id_in(&metadata),
        None => true,
    };
    if !metadata.is_file() || metadata.len() > LOCK_MAX_LEN || !is_opened {
        return Err(foreign());
    }
    match fs::read_to_string(lock) {
        Ok(text) if text.is_empty() || parse(&text).is_some() => Ok(()),
        Ok(_) => Err(foreign()),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(foreign()),
        Err(cause) => Err(io_error(cause)),
    }
}
