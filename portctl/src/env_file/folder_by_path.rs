//! A folder that is used by its path, for systems without operations on the entries of an open folder.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::entry_kind::{EntryKind, not_a_file};

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder. Follows symbolic links.
    pub(super) fn open(path: &Path) -> io::Result<Folder> {
        if !fs::metadata(path)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Folder {
            path: path.to_owned(),
        })
    }

    /// Opens a folder by its real path.
    pub(super) fn open_real(path: &Path) -> io::Result<Folder> {
        Folder::open(path)
    }

    /// Opens a folder in this folder.
    pub(super) fn subfolder(&self, name: &OsStr) -> io::Result<Folder> {
        Folder::open(&self.path.join(name))
    }

    /// Returns `None` if there is no such entry.
    pub(super) fn entry(&self, name: &OsStr) -> io::Result<Option<EntryKind>> {
        match fs::symlink_metadata(self.path.join(name)) {
            Ok(found) if found.is_symlink() => Ok(Some(EntryKind::Link)),
            Ok(found) if found.is_dir() => Ok(Some(EntryKind::Folder)),
            Ok(found) if found.is_file() => Ok(Some(EntryKind::File)),
            Ok(_) => Ok(Some(EntryKind::Other)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the target of a symbolic link.
    pub(super) fn link(&self, name: &OsStr) -> io::Result<PathBuf> {
        fs::read_link(self.path.join(name))
    }

    /// Opens a file for reading and writing. Returns `None` if it does not exist.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<Option<File>> {
        match self.entry(name)? {
            None => Ok(None),
            Some(EntryKind::File) => {
                let mut options = OpenOptions::new();
                options.read(true).write(true);
                options.open(self.path.join(name)).map(Some)
            }
            Some(_) => Err(not_a_file()),
        }
    }

    /// Creates a file.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        File::create_new(self.path.join(name))
    }

    /// Creates a file.
    pub(super) fn create_private(&self, name: &OsStr) -> io::Result<File> {
        self.create(name)
    }

    /// Renames a file, and replaces the file that has the new name.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// A handle that can be locked and synced, if the system has such handles.
    pub(super) fn handle(&self) -> Option<File> {
        File::open(&self.path).ok()
    }

    /// The device and the number of the folder, if the system has them.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        None
    }

    /// Returns true if other users can replace entries, as far as that is known.
    pub(super) fn is_shared(&self) -> io::Result<bool> {
        Ok(false)
    }
}
