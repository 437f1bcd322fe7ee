//! The paths of the daemon's files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::system::files::{self, beside, private};
use crate::system::home::default_folder;

/// Returns the default pidfile, `~/.port-registry/port-registry.pid`.
///
/// # Errors
///
/// Those of [`default_folder`].
pub fn default_pidfile() -> Result<PathBuf, Error> {
    Ok(default_folder()?.join("port-registry.pid"))
}

/// Returns the lock file of a pidfile, `<pidfile>.lock`.
pub fn lock_of(pidfile: &Path) -> PathBuf {
    beside(pidfile, ".lock")
}

/// Opens one of the daemon's files. If it is created, only this user may access it, and its new folders.
///
/// # Errors
///
/// Returns the error of the operating system.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    private(options).open(path)
}
