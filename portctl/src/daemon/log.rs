//! The log file of a detached daemon.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use port_registry::daemon::open_private;

/// A log of this size in bytes is rotated.
const ROTATE_BYTES: u64 = 5 << 20;

/// Number of log lines to show if the daemon does not start.
const LAST_LINES: usize = 10;

/// The log of one run of the daemon.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Offset at which this run's lines start.
    start: u64,
}

impl Log {
    /// Opens the log for appending. Rotates a large log first: it replaces the previous `.old` file.
    pub(super) fn open(path: PathBuf) -> io::Result<Log> {
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                return Err(io::Error::other("it is not a file"));
            }
            Ok(metadata) if metadata.len() >= ROTATE_BYTES => fs::rename(&path, aside(&path))?,
            // Opening the file reports any error.
            Ok(_) | Err(_) => {}
        }
        let mut options = OpenOptions::new();
        let file = open_private(&path, options.read(true).append(true).create(true))?;
        let start = file.metadata()?.len();
        Ok(Log { path, file, start })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a handle for the daemon's standard error.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Returns the last lines of this run.
    pub(super) fn last_lines(mut self) -> Vec<String> {
        /// Bytes to read from the end, enough for the last lines.
        const TAIL: u64 = 64 << 10;
        let mut text = Vec::new();
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        let start = self.start.max(length.saturating_sub(TAIL));
        let read = self
            .file
            .seek(SeekFrom::Start(start))
            .and_then(|_| self.file.take(TAIL).read_to_end(&mut text));
        if read.is_err() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(LAST_LINES);
        lines.into_iter().skip(skipped).map(str::to_owned).collect()
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".old");
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::{Log, ROTATE_BYTES};

    #[test]
    fn large_log_is_rotated_and_one_old_log_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let old = folder.path().join("x.log.old");
        let length = usize::try_from(ROTATE_BYTES).unwrap();
        fs::write(&path, vec![b'x'; length - 1]).unwrap();
        let log = Log::open(path.clone()).unwrap();
        assert!(!old.exists());
        writeln!(log.writer().unwrap(), "more").unwrap();
        assert_eq!(log.last_lines(), ["more"]);

        for round in 0..2 {
            fs::write(&path, vec![b'0' + round; length]).unwrap();
            let log = Log::open(path.clone()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), 0);
            assert_eq!(fs::read(&old).unwrap(), vec![b'0' + round; length]);
            assert!(log.last_lines().is_empty());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn folder_in_place_of_the_log_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        Log::open(folder.path().to_owned()).unwrap_err();
    }
}
