//! Whether a daemon runs: one for each pidfile, a lock that says so, and the pidfile as a note.
//!
//! The lock of the file beside the pidfile (`<pidfile>.lock`) is held as long as the daemon lives,
//! and nobody can leave it behind. In the locked file the daemon says which process it is and where
//! it listens, which counts only while the lock is held. The pidfile is for others to read; nothing
//! here is decided by it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::deadline::Deadline;
use crate::files::{self, beside, private};
use crate::home::default_folder;
pub use crate::supervisor::{Scope, Supervisor};

/// How long a lock is asked for: who only looks whether it is held has it for a moment.
const PATIENCE: Duration = Duration::from_millis(100);

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
    fn told_by(mut file: &File) -> Presence {
        let mut text = String::new();
        // What cannot be read is not written yet.
        let _ = file.take(LONGEST).read_to_string(&mut text);
        let _ = file.rewind();
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
const LONGEST: u64 = 256;

/// The process and the address in the text of a locked file.
fn parse(text: &str) -> Option<(u32, SocketAddr)> {
    let (pid, address) = text.strip_suffix('\n')?.split_once(' ')?;
    Some((pid.parse().ok()?, address.parse().ok()?))
}

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
        check_replaceable(pidfile)?;
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
        check_replaceable(&self.pidfile)?;
        let line = format!("{} {address}\n", std::process::id());
        (&self.file)
            .write_all(line.as_bytes())
            .map_err(|cause| LockError::Io {
                lock: self.lock.clone(),
                cause,
            })?;
        self.try_write_pidfile()
            .map_err(|cause| LockError::Pidfile {
                path: self.pidfile.clone(),
                cause,
            })
    }

    fn try_write_pidfile(&self) -> io::Result<()> {
        let draft = beside(&self.pidfile, ".draft");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private(OpenOptions::new().write(true).create_new(true)).open(&draft)?;
        let written = writeln!(&file, "{}", std::process::id())
            .and_then(|()| fs::rename(&draft, &self.pidfile));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        if read_pid(&self.pidfile) == Some(std::process::id()) {
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
    if !metadata.is_file() || metadata.len() > LONGEST || !is_opened {
        return Err(foreign());
    }
    match fs::read_to_string(lock) {
        Ok(text) if text.is_empty() || parse(&text).is_some() => Ok(()),
        Ok(_) => Err(foreign()),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(foreign()),
        Err(cause) => Err(io_error(cause)),
    }
}

/// Checks that nothing would be lost if a pidfile took this place: there is nothing, a symbolic link,
/// or a file that is empty or holds a number. In the daemon's own place it may be any file.
fn check_replaceable(pidfile: &Path) -> Result<(), LockError> {
    /// More bytes than a number takes.
    const LONGEST: u64 = 32;
    let path = pidfile.to_owned();
    let foreign = || LockError::Foreign {
        path: pidfile.to_owned(),
        expected: "a pidfile",
    };
    let metadata = match fs::symlink_metadata(pidfile) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        // What it is in may be a file; taking the lock tells.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(()),
        Err(cause) => return Err(LockError::Pidfile { path, cause }),
    };
    if metadata.is_symlink() {
        return Ok(());
    }
    // Nobody else has files in the daemon's own place.
    if metadata.is_file() && default_pidfile().is_ok_and(|own| own == pidfile) {
        return Ok(());
    }
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(foreign());
    }
    match fs::read(pidfile) {
        Ok(content) if content.trim_ascii().iter().all(u8::is_ascii_digit) => Ok(()),
        Ok(_) => Err(foreign()),
        Err(cause) => Err(LockError::Pidfile { path, cause }),
    }
}

/// The process that a pidfile names.
fn read_pid(pidfile: &Path) -> Option<u32> {
    fs::read_to_string(pidfile).ok()?.trim().parse().ok()
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
