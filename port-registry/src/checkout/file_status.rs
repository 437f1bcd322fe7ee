//! The state of a file in git.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::git::{Git, GitError};
use super::layout::Layout;

/// The state of a file in git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
#[non_exhaustive]
pub enum FileStatus {
    /// Git records the file.
    Tracked,
    /// Git ignores the file.
    Ignored,
    /// Git would record the file.
    Untracked,
    /// The checkout is outside of git, or git is not installed.
    NoRepository,
}

impl FileStatus {
    /// Asks git about a file of the checkout, by its path in it. The file need not exist.
    pub(super) fn of(git: &Git, file: &Path) -> Result<FileStatus, GitError> {
        let layout = match Layout::of(git) {
            Err(GitError::NotInstalled) => return Ok(FileStatus::NoRepository),
            layout => layout?,
        };
        if layout.is_bare {
            return Ok(FileStatus::NoRepository);
        }
        // Without this, a name may be a pattern.
        let mut literal = OsString::from(":(literal)");
        literal.push(file);
        let listed = git.run(
            &["ls-files".as_ref(), "-z".as_ref(), "--".as_ref(), &*literal],
            &[0],
        )?;
        let mut listed = listed.stdout.split(|&byte| byte == 0);
        if listed.any(|name| name == file.as_os_str().as_encoded_bytes()) {
            return Ok(FileStatus::Tracked);
        }
        let file = Path::new(".").join(file);
        let args = [
            "check-ignore".as_ref(),
            "--quiet".as_ref(),
            "--".as_ref(),
            file.as_os_str(),
        ];
        match git.run(&args, &[0, 1])?.code {
            0 => Ok(FileStatus::Ignored),
            _ => Ok(FileStatus::Untracked),
        }
    }
}

/// Returns the path of a file within the root of its checkout. Symbolic links on the way to it are followed, but not the
/// file itself, because git records links.
pub(super) fn path_in(root: &Path, file: &Path) -> io::Result<PathBuf> {
    let outside = || {
        let (file, root) = (file.display(), root.display());
        io::Error::new(
            ErrorKind::InvalidInput,
            format!("{file} is not a file in {root}"),
        )
    };
    let file = std::path::absolute(root.join(file))?;
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(outside());
    };
    let file = fs::canonicalize(folder)?.join(name);
    file.strip_prefix(root)
        .map(Path::to_owned)
        .map_err(|_| outside())
}
