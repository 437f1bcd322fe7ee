//! Paths that do not exist.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The number of symbolic links that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// A path that does not exist.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) path: PathBuf,
    /// The nearest folder above it that exists, as a canonical path.
    pub(super) existing: PathBuf,
}

impl Missing {
    /// Follows the symbolic links on the way to a missing path, also one that leads nowhere.
    pub(super) fn follow(path: &Path) -> io::Result<Missing> {
        let is_absent = |error: &io::Error| {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        };
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let mut ancestors = path.ancestors();
            let found = loop {
                let Some(ancestor) = ancestors.next() else {
                    return Err(ErrorKind::NotFound.into());
                };
                match fs::symlink_metadata(ancestor) {
                    Ok(_) => break ancestor,
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(error),
                }
            };
            let rest = path.strip_prefix(found).unwrap_or(Path::new(""));
            match fs::canonicalize(found) {
                Ok(existing) => {
                    let path = join(&existing, rest);
                    return Ok(Missing { path, existing });
                }
                Err(error) if !is_absent(&error) => return Err(error),
                Err(_) => {
                    let target = fs::read_link(found)?;
                    let folder = fs::canonicalize(found.parent().unwrap_or(found))?;
                    path = join(&join(&folder, &target), rest);
                }
            }
        }
        Err(io::Error::other("too many symbolic links"))
    }
}

/// Joins a path to a canonical one, without `.` and `..`.
fn join(folder: &Path, path: &Path) -> PathBuf {
    let mut joined = folder.to_owned();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                joined.pop();
            }
            component => joined.push(component),
        }
    }
    joined
}
