//! The folder from which git runs the hooks of a repository.

use std::io;
use std::path::{Path, PathBuf};

use super::git::{Git, GitError};
use super::layout::{self, Layout};

/// The folder from which git runs hooks. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct HooksFolder {
    /// The real path.
    pub path: PathBuf,
    /// Returns false if the configuration names a folder outside of the repository, which others may use.
    pub is_in_repository: bool,
}

impl HooksFolder {
    /// Asks git. Respects `core.hooksPath`.
    pub(super) fn of(git: &Git) -> Result<HooksFolder, GitError> {
        let common = Layout::of(git)?.common_dir;
        let path = configured(git)?;
        let is_in_repository = path.starts_with(&common) || path.starts_with(git.root());
        Ok(HooksFolder {
            path,
            is_in_repository,
        })
    }
}

/// Asks git for the folder. Its path need not be UTF-8.
fn configured(git: &Git) -> Result<PathBuf, GitError> {
    let answer = git.run(&["rev-parse", "--git-path", "hooks"], &[0])?;
    match answer.stdout.strip_suffix(b"\n") {
        Some(printed) if !printed.is_empty() => {
            // It may be relative.
            real_path(&git.root().join(layout::path(printed))).map_err(GitError::Read)
        }
        _ => Err(git.unexpected("git printed no path")),
    }
}

/// Resolves the symbolic links in a path whose last parts need not exist.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(real_path(parent)?.join(name))
        }
        (real, ..) => real,
    }
}
