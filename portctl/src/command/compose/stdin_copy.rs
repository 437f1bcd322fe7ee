//! A copy of standard input, which Compose reads more than once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use port_registry::daemon::{default_folder, replace_private};

use crate::compose::program::StdinSource;
use crate::report::Report;

/// A copy of standard input, or nothing. Its file lasts as long as the value.
#[derive(Debug, Default)]
pub(super) struct StdinCopy {
    path: Option<PathBuf>,
}

impl StdinCopy {
    /// Reads standard input to its end.
    pub(super) fn take() -> Result<StdinCopy, Report> {
        let mut content = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut content);
        read.map_err(|error| Report::new(format!("cannot read standard input: {error}")))?;
        let name = format!("stdin-{}", std::process::id());
        let path = default_folder()?.join("compose").join(name);
        replace_private(&path, &content)
            .map_err(|error| Report::new(format!("cannot write {}: {error}", path.display())))?;
        Ok(StdinCopy { path: Some(path) })
    }

    /// Opens the copy for the last time, and removes its name.
    pub(super) fn last(&self) -> Result<Option<File>, Report> {
        let file = self.open();
        let file = file.map_err(|error| {
            Report::new(format!("cannot read the copy of standard input: {error}"))
        })?;
        self.remove();
        Ok(file)
    }

    fn remove(&self) {
        if let Some(path) = &self.path {
            fs::remove_file(path).ok();
        }
    }
}

impl StdinSource for StdinCopy {
    fn open(&self) -> io::Result<Option<File>> {
        self.path.as_ref().map(File::open).transpose()
    }
}

impl Drop for StdinCopy {
    fn drop(&mut self) {
        self.remove();
    }
}
