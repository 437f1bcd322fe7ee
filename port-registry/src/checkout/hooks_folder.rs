//! The folder from which git runs the hooks of a repository.

use std::io;
use std::path::{Path, PathBuf};

use super::git::{Git, GitError};

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
        let common = git_path(git, "--git-common-dir", None)?;
        let path = git_path(git, "--git-path", Some("hooks"))?;
        let is_in_repository = path.starts_with(&common) || path.starts_with(git.root());
        Ok(HooksFolder {
            path,
            is_in_repository,
        })
    }
}

fn git_path(git: &Git, flag: &str, name: Option<&str>) -> Result<PathBuf, GitError> {
    let args: Vec<&str> = ["rev-parse", flag].into_iter().chain(name).collect();
    let answer = git.run(&args, &[0])?;
    let text = str::from_utf8(&answer.stdout).ok();
    let text = text.and_then(|it| it.strip_suffix('\n'));
    match text {
        Some(text) if !text.is_empty() => real_path(&git.root().join(text)).map_err(GitError::Read),
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
