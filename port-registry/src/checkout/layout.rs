//! The parts of a repository, as git reports them.

use std::fs;
use std::path::{Path, PathBuf};

use super::git::{Answer, Git, GitError};

/// The repository of a checkout, whose root git has confirmed. Both paths are canonical.
#[derive(Debug)]
pub(super) struct Layout {
    /// The git directory of this checkout.
    pub(super) git_dir: PathBuf,
    /// The git directory that all checkouts of the repository share.
    pub(super) common_dir: PathBuf,
    /// True if the root has no work tree, beside a bare repository.
    pub(super) is_bare: bool,
}

impl Layout {
    /// Asks git for the layout of the repository.
    ///
    /// # Errors
    ///
    /// Returns an error if git rejects the repository, or if its work tree is not the root.
    pub(super) fn of(git: &Git) -> Result<Layout, GitError> {
        // Options that git 2.30 knows. An unknown one is printed back.
        let args = [
            "rev-parse",
            "--is-bare-repository",
            "--absolute-git-dir",
            "--git-common-dir",
            // Last, because git fails here beside a bare repository.
            "--show-toplevel",
        ];
        let answer = git.run(&args, &[0, 128])?;
        let lines = lines(&answer);
        let (is_bare, git_dir, common_dir, top_level) = match (answer.code, &*lines) {
            (0, &[b"false", git_dir, common_dir, top_level]) => {
                (false, git_dir, common_dir, Some(top_level))
            }
            (128, &[b"true", git_dir, common_dir]) => (true, git_dir, common_dir, None),
            (128, _) => return Err(answer.failure()),
            _ if git.root().as_os_str().as_encoded_bytes().contains(&b'\n') => {
                let problem =
                    "the path has a line break, which git's answers cannot tell from their own";
                return Err(GitError::Other(problem.to_owned()));
            }
            _ => {
                let count = lines.len();
                let problem =
                    format!("git described the repository in an unknown way, by {count} lines");
                return Err(git.unexpected(&problem));
            }
        };
        let layout = Layout {
            git_dir: folder(git, &path(git_dir))?,
            // It may be relative.
            common_dir: folder(git, &git.root().join(path(common_dir)))?,
            is_bare,
        };
        match top_level.map(path) {
            // The registry may know the root by a path that is not canonical.
            Some(top_level) if folder(git, &top_level)? != folder(git, git.root())? => {
                Err(GitError::Other(format!(
                    "core.worktree of its repository leads to another folder, {}",
                    top_level.display()
                )))
            }
            _ => Ok(layout),
        }
    }

    /// Returns git's name of this checkout if it is a linked worktree.
    pub(super) fn worktree_name(&self) -> Option<&Path> {
        let name = self.git_dir.strip_prefix(&self.common_dir).ok()?;
        let name = name.strip_prefix("worktrees").ok()?;
        (name.components().count() == 1).then_some(name)
    }

    /// Returns the name of the repository by its place: the folder of the main worktree, or the name of the submodule.
    pub(super) fn name<'a>(&'a self, root: &'a Path) -> Option<&'a Path> {
        let name = self.common_dir.file_name().map(Path::new);
        if self.is_of_submodule() {
            return name;
        }
        if self.git_dir == self.common_dir {
            return root.file_name().map(Path::new);
        }
        let name = name?;
        // `proj/.git`, `proj/.bare` and the bare repository `proj.git` are all of `proj`.
        if name.as_os_str().as_encoded_bytes().starts_with(b".") {
            self.common_dir.parent()?.file_name().map(Path::new)
        } else if name.extension().is_some_and(|it| it == "git") {
            name.file_stem().map(Path::new)
        } else {
            Some(name)
        }
    }

    /// Tests if the repository is in the `modules` folder of another one's git directory, or of its worktree's one.
    pub(super) fn is_of_submodule(&self) -> bool {
        let mut folders = self.common_dir.ancestors().skip(1);
        folders.any(|it| it.ends_with("modules") && it.with_file_name("HEAD").exists())
    }
}

/// Splits the output of git into lines.
pub(super) fn lines(answer: &Answer) -> Vec<&[u8]> {
    let text = answer.stdout.strip_suffix(b"\n").unwrap_or(&answer.stdout);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|&byte| byte == b'\n').collect()
}

/// Returns the canonical path of a folder that git printed.
fn folder(git: &Git, path: &Path) -> Result<PathBuf, GitError> {
    if !path.is_absolute() {
        let printed = path.display();
        let problem = format!("git printed {printed} instead of an absolute path");
        return Err(git.unexpected(&problem));
    }
    fs::canonicalize(path).map_err(|error| {
        let printed = path.display();
        GitError::Other(format!(
            "cannot examine {printed}, which git named: {error}"
        ))
    })
}

/// Returns the path that git printed.
#[cfg(unix)]
pub(super) fn path(line: &[u8]) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(line))
}

#[cfg(not(unix))]
pub(super) fn path(line: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(line).into_owned())
}
