//! The file that a detached daemon logs to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use port_registry::daemon::open_private;

/// From how many bytes on a log is put aside, and a new one begun.
const LARGEST: u64 = 5 << 20;

/// How many lines are shown of a daemon that did not start.
const LAST_LINES: usize = 10;

/// The log, as one daemon is about to find it.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Where what this daemon logs begins.
    start: u64,
}

impl Log {
    /// Opens the log to write behind what is there. One that is large takes the place of the old one
    /// first.
    pub(super) fn open(path: PathBuf) -> io::Result<Log> {
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                return Err(io::Error::other("it is not a file"));
            }
            Ok(metadata) if metadata.len() >= LARGEST => fs::rename(&path, aside(&path))?,
            // What is wrong with it is told when it is opened.
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

    /// For the daemon to write to.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// The last lines that this daemon has logged.
    pub(super) fn last_lines(mut self) -> Vec<String> {
        /// More than the last lines take.
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

    use super::{LARGEST, Log};

    #[test]
    fn one_old_log_is_kept_when_it_has_become_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let old = folder.path().join("x.log.old");
        let length = usize::try_from(LARGEST).unwrap();
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
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        Log::open(folder.path().to_owned()).unwrap_err();
    }
}
