//! A folder in a place where others have files too.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::env_file as replace;
use crate::path::folder_of;

/// A folder of the skill, and the way to it.
#[derive(Debug)]
pub(super) struct Folder {
    /// May be reached in whatever way.
    base: PathBuf,
    /// The way from there, which may not lead over symbolic links.
    way: PathBuf,
}

impl Folder {
    pub(super) fn new(base: &Path, way: PathBuf) -> Folder {
        Folder {
            base: base.to_owned(),
            way,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.base.join(&self.way)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The folders above it, the nearest first, without the base.
    pub(super) fn parents(&self) -> Vec<PathBuf> {
        let parents = self.way.ancestors().skip(1);
        let parents = parents.filter(|folder| !folder.as_os_str().is_empty());
        parents.map(|folder| self.base.join(folder)).collect()
    }

    /// How many of the folders above it are not there.
    pub(super) fn missing_parents(&self) -> usize {
        let parents = self.parents();
        let is_missing = |folder: &PathBuf| folder.symlink_metadata().is_err();
        parents.iter().filter(|folder| is_missing(folder)).count()
    }

    /// Removes it and what is in it as far as that is empty, and so many of the folders above it.
    pub(super) fn remove_if_empty(&self, inside: &str, above: usize) {
        let _ = fs::remove_dir(self.file(inside));
        let _ = fs::remove_dir(self.path());
        for folder in self.parents().iter().take(above) {
            let _ = fs::remove_dir(folder);
        }
    }

    /// What is in a file, if it is there.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.refuse_links(Path::new(name))?;
        let path = self.file(name);
        let read = || match fs::metadata(&path) {
            // Opening a pipe would wait.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a file")),
            Ok(_) => fs::read(&path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        read().map_err(|error| at(&path, &error))
    }

    /// Writes a file in one step.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.file(name);
        let write = || {
            fs::create_dir_all(folder_of(&path))?;
            replace::put(&path, None, content)
        };
        write().map_err(|error| at(&path, &error))
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.file(name);
        remove_if_there(&path).map_err(|error| at(&path, &error))
    }

    /// Nothing is read or written through a symbolic link: who made it did not expect this.
    fn refuse_links(&self, name: &Path) -> io::Result<()> {
        let mut path = self.base.clone();
        for part in self.way.components().chain(name.components()) {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => {
                    let error = io::Error::other("it is a symbolic link, and was left alone");
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

/// The same error, with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
