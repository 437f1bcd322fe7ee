//! The log's file, which is rotated while the daemon writes to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use port_registry::daemon::{leads_to, lock_opened, open_private};

/// Size in bytes from which the file is rotated.
const ROTATE_BYTES: u64 = 5 << 20;

/// Size in bytes from which a file that cannot be renamed is emptied.
const MAX_BYTES: u64 = 2 * ROTATE_BYTES;

/// Time for which the start waits for a daemon that is ending to release the file.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// The log's file, open for appending. Only one daemon writes to it, because each renames it.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Called with each file that takes the place of another.
    on_change: fn(&File) -> io::Result<()>,
    /// Number of lines that could not be written since one could, for example because the disk is full.
    missing: u64,
}

impl LogFile {
    /// Opens the file, and creates it if necessary.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`](io::ErrorKind::TimedOut) if another daemon logs to the file, and otherwise the error of the
    /// operating system.
    pub(super) fn open(path: &Path, on_change: fn(&File) -> io::Result<()>) -> io::Result<LogFile> {
        let file = open(path, LOCK_TIMEOUT)?;
        // Rotation renames the file itself, not a link to it.
        let path = fs::canonicalize(path)?;
        Ok(LogFile {
            path,
            file,
            on_change,
            missing: 0,
        })
    }

    pub(super) fn as_file(&self) -> &File {
        &self.file
    }

    /// Lets other daemons write to the file.
    pub(super) fn release(&self) {
        // Closing it does not suffice, because standard error is the same open file.
        let _ = self.file.unlock();
    }

    /// Writes a line. Never fails: the lines that cannot be written are counted, and the next one tells how many are
    /// missing.
    pub(super) fn write(&mut self, line: &str) {
        self.choose_file(line.len() as u64);
        let text = if self.missing > 0 {
            // The last line may be incomplete.
            &format!(
                "\nlines missing here, which could not be written: {}\n{line}",
                self.missing
            )
        } else {
            line
        };
        match self.file.write_all(text.as_bytes()) {
            Ok(()) => self.missing = 0,
            Err(_) => self.missing += 1,
        }
    }

    /// Opens a new file if another program has renamed or removed this one, or if this one would become too large. If
    /// that fails, as in a folder without write permission, keeps this one and tries again at the next line.
    fn choose_file(&mut self, more: u64) {
        if !leads_to(&self.path, &self.file) {
            let _ = self.open_again();
        }
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        if length.saturating_add(more) <= ROTATE_BYTES {
            return;
        }
        // A file that another program put in its place stays there.
        let rotated = if leads_to(&self.path, &self.file) {
            fs::rename(&self.path, old_of(&self.path)).and_then(|()| self.open_again())
        } else {
            Err(io::ErrorKind::NotFound.into())
        };
        if rotated.is_err() && length.saturating_add(more) > MAX_BYTES {
            let _ = self.file.set_len(0);
        }
    }

    fn open_again(&mut self) -> io::Result<()> {
        let file = open(&self.path, Duration::ZERO)?;
        (self.on_change)(&file)?;
        self.file = file;
        Ok(())
    }
}

/// Returns the name under which the last file is kept.
pub(crate) fn old_of(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".old");
    PathBuf::from(path)
}

fn open(path: &Path, lock_timeout: Duration) -> io::Result<File> {
    // Opening a pipe would block.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::other("it is not a file"));
    }
    let file = open_private(path, OpenOptions::new().append(true).create(true))?;
    // On Windows, nobody could read a locked file.
    if cfg!(unix) {
        lock_opened(&file, lock_timeout)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
