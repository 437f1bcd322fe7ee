//! One daemon for one pidfile: a lock that says so, and the pidfile as a note.
//!
//! The lock of the file beside the pidfile is held as long as the daemon lives, and nobody can
//! leave it behind. What the pidfile says counts only while the lock is held.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The right to be the daemon of a pidfile, until it is dropped.
#[derive(Debug)]
pub(crate) struct DaemonLock {
    pidfile: PathBuf,
    /// Held for its lock.
    _file: File,
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
        /// What the pidfile says.
        pid: Option<u32>,
        /// The file that is locked.
        lock: PathBuf,
    },

    /// What stands in the pidfile's place is something else.
    #[error("{} is not a pidfile; it was left as it is, name another place by --pidfile", path.display())]
    #[non_exhaustive]
    Foreign {
        /// What was named as the pidfile.
        path: PathBuf,
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
    pub(crate) fn take(pidfile: &Path) -> Result<DaemonLock, LockError> {
        check_replaceable(pidfile)?;
        let lock = beside(pidfile, ".lock");
        let file = open(&lock).map_err(|cause| LockError::Io {
            lock: lock.clone(),
            cause,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(DaemonLock {
                pidfile: pidfile.to_owned(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(LockError::Running {
                pid: read_pid(pidfile),
                lock,
            }),
            Err(TryLockError::Error(cause)) => Err(LockError::Io { lock, cause }),
        }
    }

    /// Notes this process in the pidfile, which is never there in part. A symbolic link in its place
    /// is replaced, and not written through.
    pub(crate) fn write_pidfile(&self) -> Result<(), LockError> {
        // It may be there only since the lock was taken.
        check_replaceable(&self.pidfile)?;
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
        if read_pid(&self.pidfile) == Some(std::process::id()) {
            // What stays behind is of no consequence.
            let _ = fs::remove_file(&self.pidfile);
        }
    }
}

/// Checks that nothing would be lost if a pidfile took this place: there is nothing, a symbolic link,
/// or a file that is empty or holds a number.
fn check_replaceable(pidfile: &Path) -> Result<(), LockError> {
    /// More than a number takes.
    const LONGEST: u64 = 32;
    let path = pidfile.to_owned();
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
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(LockError::Foreign { path });
    }
    match fs::read(pidfile) {
        Ok(content) if content.trim_ascii().iter().all(u8::is_ascii_digit) => Ok(()),
        Ok(_) => Err(LockError::Foreign { path }),
        Err(cause) => Err(LockError::Pidfile { path, cause }),
    }
}

/// The process that a pidfile names.
fn read_pid(pidfile: &Path) -> Option<u32> {
    fs::read_to_string(pidfile).ok()?.trim().parse().ok()
}

fn open(lock: &Path) -> io::Result<File> {
    if let Some(folder) = lock.parent() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(folder)?;
    }
    private(OpenOptions::new().read(true).write(true).create(true)).open(lock)
}

/// For the owner's eyes only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// The same path with `suffix` after the file's name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
