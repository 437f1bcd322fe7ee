//! Standard error, replaced by the log's file.

use std::fs::File;
use std::io;

/// Makes a file the process's standard error.
#[cfg(unix)]
pub(super) fn replace(file: &File) -> io::Result<()> {
    Ok(rustix::stdio::dup2_stderr(file)?)
}

/// The standard library cannot replace it elsewhere. Only the log's own lines are in the file.
#[cfg(not(unix))]
pub(super) fn replace(_: &File) -> io::Result<()> {
    Ok(())
}

/// The standard error that the process was started with, which is restored when this is dropped.
#[derive(Debug)]
pub(crate) struct OriginalStderr {
    /// It is not the log's file.
    is_elsewhere: bool,
    /// Is `None` if it was closed, or is the log's file.
    #[cfg(unix)]
    original: Option<File>,
}

impl OriginalStderr {
    #[cfg(unix)]
    pub(super) fn replace(file: &File) -> io::Result<OriginalStderr> {
        use std::os::fd::AsFd;
        use std::os::unix::fs::MetadataExt;

        // It may be closed.
        let original = io::stderr().as_fd().try_clone_to_owned().ok();
        let log = file.metadata()?;
        let original = original.map(File::from).filter(|original| {
            let original = original.metadata();
            original.is_ok_and(|it| (it.dev(), it.ino()) != (log.dev(), log.ino()))
        });
        replace(file)?;
        Ok(OriginalStderr {
            is_elsewhere: original.is_some(),
            original,
        })
    }

    #[cfg(not(unix))]
    pub(super) fn replace(_: &File) -> io::Result<OriginalStderr> {
        Ok(OriginalStderr { is_elsewhere: true })
    }

    /// Tests if it leads elsewhere than to the log.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }
}

#[cfg(unix)]
impl Drop for OriginalStderr {
    fn drop(&mut self) {
        if let Some(original) = &self.original {
            let _ = replace(original);
        }
    }
}
