//! The skill's folder, which is shared with files of the user and of other tools.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::env_file as replace;
use crate::path::folder_of;

/// A folder, and the part of its path that must not contain symbolic links.
#[derive(Debug)]
pub(super) struct SkillFolder {
    /// May be reached through symbolic links.
    base: PathBuf,
    /// The path from `base`. Must not contain symbolic links.
    subpath: PathBuf,
}

impl SkillFolder {
    pub(super) fn new(base: &Path, subpath: PathBuf) -> SkillFolder {
        SkillFolder {
            base: base.to_owned(),
            subpath,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.base.join(&self.subpath)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Returns the parent folders below `base`, the nearest first.
    pub(super) fn parents(&self) -> Vec<PathBuf> {
        let parents = self.subpath.ancestors().skip(1);
        let parents = parents.filter(|folder| !folder.as_os_str().is_empty());
        parents.map(|folder| self.base.join(folder)).collect()
    }

    /// Counts the parent folders that do not exist.
    pub(super) fn missing_parents(&self) -> usize {
        let parents = self.parents();
        let is_missing = |folder: &PathBuf| folder.symlink_metadata().is_err();
        parents.iter().filter(|folder| is_missing(folder)).count()
    }

    /// Removes the folder, a subfolder, and this many parents, as far as they are empty.
    pub(super) fn remove_if_empty(&self, subfolder: &str, parents: usize) {
        let _ = fs::remove_dir(self.file(subfolder));
        let _ = fs::remove_dir(self.path());
        for folder in self.parents().iter().take(parents) {
            let _ = fs::remove_dir(folder);
        }
    }

    /// Reads a file. Returns `None` if it does not exist.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.refuse_links(Path::new(name))?;
        let path = self.file(name);
        let read = || match fs::metadata(&path) {
            // Never open a pipe, because that would block.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a file")),
            Ok(_) => fs::read(&path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        read().map_err(|error| at(&path, &error))
    }

    /// Writes a file atomically.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.file(name);
        let write = || {
            fs::create_dir_all(folder_of(&path))?;
            replace::put(&path, content)
        };
        write().map_err(|error| at(&path, &error))
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.file(name);
        remove_if_there(&path).map_err(|error| at(&path, &error))
    }

    /// Never read or write through a symbolic link, because its target may be a file that is shared with other uses.
    fn refuse_links(&self, name: &Path) -> io::Result<()> {
        let mut path = self.base.clone();
        for part in self.subpath.components().chain(name.components()) {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => {
                    let error = io::Error::other("it is a symbolic link and was not changed");
                    return Err(at(&path, &error));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(at(&path, &error)),
            }
        }
        Ok(())
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Adds the path to an error.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
