//! The pidfile: a note for other programs. Nothing is decided by it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::lock_error::LockError;
use super::place::default_pidfile;
use crate::system::files::{beside, private};

/// The maximum length of a pidfile, which is more than a number takes.
const MAX_LEN: u64 = 32;

/// Returns the process that a pidfile names.
pub(super) fn read(pidfile: &Path) -> Option<u32> {
    fs::read_to_string(pidfile).ok()?.trim().parse().ok()
}

/// Writes this process to the pidfile, atomically.
pub(super) fn write(pidfile: &Path) -> io::Result<()> {
    let draft = beside(pidfile, ".draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = private(OpenOptions::new().write(true).create_new(true)).open(&draft)?;
    let written =
        writeln!(&file, "{}", std::process::id()).and_then(|()| fs::rename(&draft, pidfile));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Checks that no foreign file would be replaced: the path is free, a symbolic link, or a file that is empty or
/// contains a number. At the default path, any file may be replaced.
pub(super) fn check_replaceable(pidfile: &Path) -> Result<(), LockError> {
    let path = pidfile.to_owned();
    let foreign = || LockError::Foreign {
        path: pidfile.to_owned(),
        expected: "a pidfile",
    };
    let metadata = match fs::symlink_metadata(pidfile) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        // A parent is a file. Taking the lock reports it.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(()),
        Err(source) => return Err(LockError::Pidfile { path, source }),
    };
    if metadata.is_symlink() {
        return Ok(());
    }
    // Only the daemon has files in the default folder.
    if metadata.is_file() && default_pidfile().is_ok_and(|own| own == pidfile) {
        return Ok(());
    }
    if !metadata.is_file() || metadata.len() > MAX_LEN {
        return Err(foreign());
    }
    match fs::read(pidfile) {
        Ok(content) if content.trim_ascii().iter().all(u8::is_ascii_digit) => Ok(()),
        Ok(_) => Err(foreign()),
        Err(source) => Err(LockError::Pidfile { path, source }),
    }
}
