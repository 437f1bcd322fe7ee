//! The store's files: what they are named, and telling them from others.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;

use super::fault::Fault;
use crate::error::Error;
use crate::system::files::{FileId, beside, id_in};

/// The first bytes of a redb file, from redb's design document.
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// The first bytes of an `SQLite` file (<https://www.sqlite.org/fileformat.html>).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// The file at the store's path.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing, or a file without a byte in it.
    Nothing,
    /// A file of the storage engine's.
    Store(StoreFile),
}

/// A file that is open for the storage engine, and for those who look over its shoulder.
#[derive(Clone, Debug)]
pub(super) struct StoreFile {
    pub(super) backend: Arc<FileBackend>,
    pub(super) id: FileId,
}

impl StoreFile {
    pub(super) fn new(file: File) -> Result<StoreFile, Fault> {
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| Fault::File(error, Access::Read))?;
        Ok(StoreFile {
            backend: Arc::new(FileBackend::new(file)?),
            id: id_in(&metadata),
        })
    }
}

/// The ways to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

/// Opens the store's file, if it is there. Never changes what it finds.
pub(super) fn find(path: &Path, access: Access) -> Result<Found, Fault> {
    let foreign = || {
        let path = path.to_owned();
        Fault::Public(Error::ForeignFile { path })
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would wait, and a device must not be renamed over.
        Ok(_) => return Err(foreign()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Fault::File(error, Access::Read)),
    }
    let mut options = OpenOptions::new();
    options.read(true).write(access == Access::ReadWrite);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => {
            // A foreign file is told as such even when it cannot be written.
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
        Ok(Found::Nothing)
    } else if head.starts_with(REDB_MAGIC) {
        Ok(Found::Store(StoreFile::new(file)?))
    } else if head.starts_with(SQLITE_MAGIC) {
        let path = path.to_owned();
        Err(Fault::Public(Error::SqliteFile { path }))
    } else {
        Err(foreign())
    }
}

/// The file whose lock is the head of the queue of writers, and the right to create the store.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

/// Tells if the file of this name is the one with this id.
pub(super) fn has_id(path: &Path, id: FileId) -> bool {
    fs::metadata(path).is_ok_and(|metadata| id_in(&metadata) == id)
}

/// Where a symbolic link leads, so that the files beside the store stand beside the file itself,
/// and renaming the store into place keeps the link. The target need not exist.
pub(super) fn resolve_link(path: &Path) -> PathBuf {
    // As many as Linux follows (path_resolution(7)). What goes on longer cannot be opened anyway.
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

/// The folder that a file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
