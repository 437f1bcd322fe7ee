//! The log file of a detached daemon, which the daemon itself writes and rotates.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use port_registry::daemon::{leads_to, open_private};

/// Number of log lines to show if the daemon does not start.
const LAST_LINES: usize = 10;

/// Bytes to read from the end, enough for the last lines.
const TAIL: u64 = 64 << 10;

/// The log of one run of the daemon.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Offset at which this run's lines start.
    start: u64,
}

impl Log {
    /// Opens the log for appending.
    pub(super) fn open(path: PathBuf) -> io::Result<Log> {
        // Opening a pipe would block. Opening the file reports any other error.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("it is not a file"));
        }
        let mut options = OpenOptions::new();
        let file = open_private(&path, options.read(true).append(true).create(true))?;
        let start = file.metadata()?.len();
        Ok(Log { path, file, start })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a handle for the daemon's standard error, until it opens the log itself.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Returns the last lines of this run.
    pub(super) fn last_lines(self) -> Vec<String> {
        let mut text = Vec::new();
        // Lines that cannot be read are not shown.
        let _ = read_tail(&self.file, self.start, &mut text);
        // The daemon may have rotated the log meanwhile.
        if !leads_to(&self.path, &self.file) {
            let _ = File::open(&self.path).and_then(|file| read_tail(&file, 0, &mut text));
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(LAST_LINES);
        lines.into_iter().skip(skipped).map(str::to_owned).collect()
    }
}

/// Reads the end of a file, but nothing before `start`.
fn read_tail(mut file: &File, start: u64, text: &mut Vec<u8>) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL))))?;
    file.take(TAIL).read_to_end(text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::Log;

    #[test]
    fn last_lines_are_those_of_this_run_even_if_the_log_is_rotated_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, "earlier\n").unwrap();
        let log = Log::open(path.clone()).unwrap();
        writeln!(log.writer().unwrap(), "first").unwrap();
        fs::rename(&path, folder.path().join("x.log.old")).unwrap();
        fs::write(&path, "second\n").unwrap();
        assert_eq!(log.last_lines(), ["first", "second"]);

        let log = Log::open(path).unwrap();
        assert!(log.last_lines().is_empty());
    }

    #[test]
    fn folder_in_place_of_the_log_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        Log::open(folder.path().to_owned()).unwrap_err();
    }
}
