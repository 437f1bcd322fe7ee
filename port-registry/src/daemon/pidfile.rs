//! The pidfile: a note for others, on which nothing here depends.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::default_pidfile;
use super::lock::LockError;
use crate::system::files::{beside, private};

/// More bytes than a number takes.
const MAX_LEN: u64 = 32;

/// The process that a pidfile names.
pub(super) fn read(pidfile: &Path) -> Option<u32> {
    fs::read_to_string(pidfile).ok()?.trim().parse().ok()
}

/// Notes this process in the pidfile, which is never there in part.
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

/// Checks that nothing would be lost if a pidfile took this place: there is nothing, a symbolic link,
/// or a file that is empty or holds a number. In the daemon's own place it may be any file.
pub(super) fn check_replaceable(pidfile: &Path) -> Result<(), LockError> {
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
    if !metadata.is_file() || metadata.len() > MAX_LEN {
        return Err(foreign());
    }
    match fs::read(pidfile) {
        Ok(content) if content.trim_ascii().iter().all(u8::is_ascii_digit) => Ok(()),
        Ok(_) => Err(foreign()),
        Err(cause) => Err(LockError::Pidfile { path, cause }),
    }
}
