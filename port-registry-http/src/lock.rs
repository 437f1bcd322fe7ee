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
    pub(crate) fn write_pidfile(&self) -> io::Result<()> {
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
