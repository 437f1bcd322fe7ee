//! The store's files: what they are named, how they come to be, and telling them from others.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::fault::Fault;
use crate::error::Error;

/// The first bytes of a redb file, from redb's design document.
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// The first bytes of an `SQLite` file (<https://www.sqlite.org/fileformat.html>).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// What stands where the store should be.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing, or a file without a byte in it.
    Nothing,
    /// A file of the storage engine's.
    Store(File),
}

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// Opens the store's file, if it is there. Never changes what it finds.
pub(super) fn find(path: &Path, access: Access) -> Result<Found, Fault> {
    let foreign = || {
        let path = path.to_owned();
        Fault::Told(Error::ForeignFile { path })
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would wait, and a device must not be renamed over.
        Ok(_) => return Err(foreign()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Fault::Io(error)),
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
            return Err(Fault::Io(error));
        }
    };
    let mut head = Vec::new();
    (&file)
        .take(SQLITE_MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(Fault::Io)?;
    if head.is_empty() {
        Ok(Found::Nothing)
    } else if head.starts_with(REDB_MAGIC) {
        Ok(Found::Store(file))
    } else if head.starts_with(SQLITE_MAGIC) {
        let path = path.to_owned();
        Err(Fault::Told(Error::SqliteFile { path }))
    } else {
        Err(foreign())
    }
}

/// Creates the store, unless someone else just did: `initialize` makes a complete one in an empty file
/// beside it, which then takes its place in one step. So there is a whole store or none, whenever
/// a process is killed or the power fails. The caller holds the lock of the
/// [lock file](lock_path).
pub(super) fn create(
    path: &Path,
    initialize: impl FnOnce(File) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if matches!(find(path, Access::Read)?, Found::Store(_)) {
        return Ok(());
    }
    let draft = beside(path, ".new");
    // What a creator left behind that did not live to finish.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(Fault::Io(error)),
        _ => {}
    }
    let file = private(OpenOptions::new().read(true).write(true).create_new(true))
        .open(&draft)
        .map_err(Fault::Io)?;
    let filled = file
        .try_clone()
        .map_err(Fault::Io)
        .and_then(initialize)
        .and_then(|()| {
            file.sync_all()
                .and_then(|()| fs::rename(&draft, path))
                .and_then(|()| sync_folder_of(path))
                .map_err(Fault::Io)
        });
    if filled.is_err() {
        // Gone already if it was renamed; worth nothing if it was not.
        let _ = fs::remove_file(&draft);
    }
    filled
}

/// The file whose lock is the head of the queue of writers, and the right to create the store.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

/// Opens the lock file, creating it if need be. It stays empty.
pub(super) fn open_lock_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true)).open(path)
}

/// Creates the store's folder with those above it, for this user alone. Folders that exist are
/// left as they are.
pub(super) fn create_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::DirBuilderExt;
                builder.mode(0o700);
            }
            builder.create(folder)
        }
        _ => Ok(()),
    }
}

/// Tells a file from one that took its name later, where the system has such a mark.
pub(super) type FileId = (u64, u64);

#[cfg(unix)]
pub(super) fn file_id(metadata: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub(super) fn file_id(_metadata: &fs::Metadata) -> FileId {
    (0, 0)
}

/// For the owner's eyes only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// The same path with `suffix` after the file's name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where a symbolic link leads, so that the files beside the store stand beside the file itself,
/// and renaming the store into place keeps the link. The target need not exist.
pub(super) fn resolve_link(path: &Path) -> PathBuf {
    match fs::read_link(path) {
        Ok(target) => path.parent().unwrap_or(Path::new("")).join(target),
        Err(_) => path.to_owned(),
    }
}

/// Makes a rename in the folder outlast a power failure.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    } else {
        // Folders cannot be opened, and their changes are journalled.
        Ok(())
    }
}
