//! A copy of standard input, which Compose reads more than once.

use std::fs::File;
use std::io::{self, Read, Seek};

use crate::compose::compose_folder::ComposeFolder;
use crate::compose::program::StdinSource;
use crate::report::Report;

/// A copy of standard input, or nothing. Its file has no name, so that nothing is left of it however this process ends.
#[derive(Debug, Default)]
pub(super) struct StdinCopy {
    file: Option<File>,
}

impl StdinCopy {
    /// Reads standard input to its end.
    pub(super) fn take(folder: &ComposeFolder) -> Result<StdinCopy, Report> {
        let mut content = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut content);
        read.map_err(|error| Report::new(format!("cannot read standard input: {error}")))?;
        let file = Some(folder.write_unnamed(&content)?);
        Ok(StdinCopy { file })
    }
}

impl StdinSource for StdinCopy {
    fn open(&self) -> io::Result<Option<File>> {
        let file = self.file.as_ref().map(File::try_clone);
        let mut file = file.transpose()?;
        // The position is that of all copies.
        file.as_mut().map(File::rewind).transpose()?;
        Ok(file)
    }
}
