//! The store's files: their names, and recognizing foreign ones.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;

use super::fault::{Access, Fault};
use crate::error::Error;
use crate::system::files::{FileId, beside, id_in};

/// The first bytes of a redb file, according to redb's design document.
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// The first bytes of an `SQLite` file (<https://www.sqlite.org/fileformat.html>).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// The file at the store's path.
#[derive(Debug)]
pub(super) enum FoundFile {
    /// There is no file, or an empty one.
    Nothing,
    /// A redb file.
    Store(StoreFile),
}

/// An open file, shared by the storage engine and the checks of the file.
#[derive(Clone, Debug)]
pub(super) struct StoreFile {
    pub(super) backend: Arc<FileBackend>,
    pub(super) id: FileId,
    is_abandoned: Arc<AtomicBool>,
}

impl StoreFile {
    pub(super) fn new(file: File) -> Result<StoreFile, Fault> {
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| Fault::File(error, Access::Read))?;
        Ok(StoreFile {
            backend: Arc::new(FileBackend::new(file)?),
            id: id_in(&metadata),
            is_abandoned: Arc::default(),
        })
    }

    /// Makes all further writes through this file fail, because another one was copied over it. Otherwise redb would
    /// write to it once more when it is closed.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Returns an error if the file was abandoned.
    pub(super) fn check_writable(&self) -> io::Result<()> {
        if self.is_abandoned.load(Ordering::Relaxed) {
            return Err(io::Error::other("another file was copied over it"));
        }
        Ok(())
    }
}

/// Opens the store's file if it exists. Changes nothing.
pub(super) fn find(path: &Path, access: Access) -> Result<FoundFile, Fault> {
    let foreign = || {
        let path = path.to_owned();
        Fault::Public(Error::ForeignFile { path })
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would block, and a device must not be replaced.
        Ok(_) => return Err(foreign()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FoundFile::Nothing),
        Err(error) => return Err(Fault::File(error, Access::Read)),
    }
    let mut options = OpenOptions::new();
    options.read(true).write(access == Access::ReadWrite);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FoundFile::Nothing),
        Err(error) => {
            // A foreign file is reported as one even if it cannot be written to.
            if access == Access::ReadWrite {
                find(path, Access::Read)?;
            }
            return Err(Fault::File(error, access));
        }
    };
    let mut head = Vec::new();
    (&file)
        .take(SQLITE_MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| Fault::File(error, Access::Read))?;
    if head.is_empty() {
        Ok(FoundFile::Nothing)
    } else if head.starts_with(REDB_MAGIC) {
        Ok(FoundFile::Store(StoreFile::new(file)?))
    } else if head.starts_with(SQLITE_MAGIC) {
        let path = path.to_owned();
        Err(Fault::Public(Error::SqliteFile { path }))
    } else {
        Err(foreign())
    }
}

/// Returns the path of the lock file. Its writer lock is the right to create the store and to write to it.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

/// Tests if the file at `path` is the one with this id.
pub(super) fn has_id(path: &Path, id: FileId) -> bool {
    fs::metadata(path).is_ok_and(|metadata| id_in(&metadata) == id)
}

/// Resolves a symbolic link, whose target need not exist. So the lock file is beside the target, and creating the
/// store keeps the link.
pub(super) fn resolve_link(path: &Path) -> PathBuf {
    // Linux follows no more than these (path_resolution(7)).
    const MAX_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    path
}

/// Returns the folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Returns the fault of a lock file that cannot be opened or locked.
pub(super) fn lock_fault(lock_path: &Path, error: &io::Error) -> Fault {
    let error = io::Error::new(error.kind(), format!("{}: {error}", lock_path.display()));
    Fault::File(error, Access::ReadWrite)
}
