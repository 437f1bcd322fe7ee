//! The root of the checkout that a folder is in, found without running git.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::system::home;
use crate::system::owner;

/// The root of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The canonical path of the folder.
    pub(crate) path: PathBuf,
    pub(crate) kind: RootKind,
}

/// The reason why a folder is the root of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootKind {
    /// It has a `.git` entry. Git may still reject it.
    Git,
    /// It is outside of git and has a project file.
    ProjectFile,
    /// It is outside of git and outside of every folder with a project file.
    Plain,
}

/// The file that marks the root of a project outside of git.
pub(crate) const PROJECT_FILE: &str = "portctl.toml";

/// Returns the root of the checkout that a folder is in. For a file, its folder counts.
///
/// The home folder is a root only for itself. Otherwise a repository of dotfiles would make one checkout of all folders
/// below it. An entry that belongs to another user does not count either, as described at [`owner::is_trusted`].
///
/// # Errors
///
/// Returns an error if the folder does not exist, or if it or a folder above it cannot be examined.
pub(crate) fn root_of(folder: &Path) -> io::Result<Root> {
    let mut asked = fs::canonicalize(folder)?;
    let mut metadata = fs::metadata(&asked)?;
    if !metadata.is_dir() && asked.pop() {
        metadata = fs::metadata(&asked)?;
    }
    let search = Search { asked, metadata };
    if let Some(path) = search.nearest_with(".git", is_repository)? {
        let kind = RootKind::Git;
        return Ok(Root { path, kind });
    }
    if let Some(path) = search.nearest_with(PROJECT_FILE, |file, _| file.is_file())? {
        let kind = RootKind::ProjectFile;
        return Ok(Root { path, kind });
    }
    Ok(Root {
        path: search.asked,
        kind: RootKind::Plain,
    })
}

/// A search upward from a folder.
struct Search {
    asked: PathBuf,
    metadata: Metadata,
}

impl Search {
    /// Returns the nearest folder upward with an entry of this name that counts.
    fn nearest_with(
        &self,
        name: &str,
        counts: impl Fn(&Path, &Metadata) -> bool,
    ) -> io::Result<Option<PathBuf>> {
        for folder in self.asked.ancestors() {
            let entry = folder.join(name);
            let found = match fs::symlink_metadata(&entry) {
                Err(error) if is_absence(&error) => continue,
                found => found?,
            };
            if counts(&entry, &found)
                && owner::is_trusted(&found, &self.metadata)
                && (folder == self.asked || !home::is_home(folder))
            {
                return Ok(Some(folder.to_owned()));
            }
        }
        Ok(None)
    }
}

/// Tests if a `.git` entry is one. An empty folder is not, because sandboxes and mounts leave such folders behind.
/// Everything else counts, even if it is broken, so that git's rejection becomes an error.
fn is_repository(entry: &Path, found: &Metadata) -> bool {
    !found.is_dir() || !fs::read_dir(entry).is_ok_and(|mut entries| entries.next().is_none())
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
