//! The daemon's lock. Its holder is the daemon of the pidfile.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::lock_error::LockError;
use super::pidfile;
use super::place::{lock_of, open_private};
use super::presence::{LOCK_MAX_LEN, Presence, parse};
use crate::deadline::Deadline;
use crate::system::files;

/// The time to try for the lock, because a process that tests it holds it for a moment.
const LOCK_TIMEOUT: Duration = Duration::from_millis(100);

/// The right to be the daemon of a pidfile, until it is dropped.
#[derive(Debug)]
pub struct DaemonLock {
    pidfile: PathBuf,
    lock: PathBuf,
    /// Owns the lock.
    file: File,
}

impl DaemonLock {
    /// Takes the lock.
    ///
    /// # Errors
    ///
    /// Returns [`Running`](LockError::Running) if another process has the lock, [`Foreign`](LockError::Foreign) if a
    /// foreign file would be overwritten, and the other errors if the system does not allow it.
    pub fn take(pidfile: &Path) -> Result<DaemonLock, LockError> {
        pidfile::check_replaceable(pidfile)?;
        let lock = lock_of(pidfile);
        check_lock(&lock, None)?;
        let io_error = |source| LockError::Io {
            lock: lock.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_private(&lock, &mut options).map_err(io_error)?;
        let is_locked = Deadline::after(LOCK_TIMEOUT).poll(|| match file.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_error(error)),
        })?;
        if is_locked.is_none() {
            return Err(LockError::Running {
                pid: Presence::read(&file).pid(),
                lock,
            });
        }
        check_lock(&lock, Some(&file))?;
        // Clear the line of the last daemon.
        file.set_len(0).map_err(io_error)?;
        Ok(DaemonLock {
            pidfile: pidfile.to_owned(),
            lock,
            file,
        })
    }

    /// Writes this process and its address to the locked file, and the process to the pidfile. The pidfile is
    /// replaced atomically. A symbolic link in its place is replaced too.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    pub fn announce(&self, address: SocketAddr) -> Result<(), LockError> {
        // A foreign file may have been created since the lock was taken.
        pidfile::check_replaceable(&self.pidfile)?;
        let line = format!("{} {address}\n", std::process::id());
        self.write(&line).map_err(|source| LockError::Io {
            lock: self.lock.clone(),
            source,
        })?;
        pidfile::write(&self.pidfile).map_err(|source| {
            self.withdraw();
            LockError::Pidfile {
                path: self.pidfile.clone(),
                source,
            }
        })
    }

    /// Erases the line that [`announce`](Self::announce) wrote, so that the lock names no address. Do this before the address
    /// is given up, and keep the lock until then.
    pub fn withdraw(&self) {
        // A line that stays behind counts only until the lock is dropped.
        let _ = self.file.set_len(0);
    }

    /// Replaces the content of the locked file.
    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        self.withdraw();
        if pidfile::read(&self.pidfile) == Some(std::process::id()) {
            // A pidfile that stays behind is harmless.
            let _ = fs::remove_file(&self.pidfile);
        }
    }
}

/// Checks that no foreign file would be overwritten: the path is free, or a file that is empty or was written by a
/// daemon. A symbolic link counts as foreign. If the file is open already, checks that the path still leads to it.
fn check_lock(lock: &Path, open: Option<&File>) -> Result<(), LockError> {
    let foreign = || LockError::Foreign {
        path: lock.to_owned(),
        expected: "the lock of a pidfile",
    };
    let io_error = |source| LockError::Io {
        lock: lock.to_owned(),
        source,
    };
    let metadata = match fs::symlink_metadata(lock) {
        Ok(metadata) => metadata,
        Err(error) if open.is_none() && error.kind() == ErrorKind::NotFound => return Ok(()),
        // A parent is a file. Opening the lock reports it.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(()),
        Err(error) => return Err(io_error(error)),
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
        Err(error) => Err(io_error(error)),
    }
}
