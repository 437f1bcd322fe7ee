//! The store's files: their names and identities, and recognizing foreign ones.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use super::fault::{Access, Fault};
use crate::error::Error;
use crate::system::files::beside;

/// The first bytes of a redb file, according to redb's design document.
const REDB_MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
/// The first bytes of an `SQLite` file (<https://www.sqlite.org/fileformat.html>).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Appended to the names of files that are being written.
const DRAFT_SUFFIX: &str = ".draft-of-port-registry";

/// The paths of the store's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoreFiles {
    pub(super) database: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) lock: PathBuf,
    /// The database and the journal that will replace the others.
    pub(super) database_draft: PathBuf,
    pub(super) journal_draft: PathBuf,
}

impl StoreFiles {
    /// Returns the files of the store at `path`. If that is a symbolic link, the other files are beside its target.
    pub(super) fn at(path: &Path) -> StoreFiles {
        let database = resolve_link(path);
        let journal = beside(&database, ".journal");
        StoreFiles {
            lock: beside(&database, ".lock"),
            database_draft: beside(&database, DRAFT_SUFFIX),
            journal_draft: beside(&journal, DRAFT_SUFFIX),
            database,
            journal,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.database)
    }

    /// Returns the fault of a database that has lost its journal.
    pub(super) fn journal_missing(&self) -> Fault {
        Fault::Public(Error::JournalMissing {
            path: self.database.clone(),
            journal: self.journal.clone(),
        })
    }
}

/// Returns the database, the journal and the lock file of the store at `path`.
#[cfg(feature = "daemon")]
pub(crate) fn all_of(path: &Path) -> [PathBuf; 3] {
    let files = StoreFiles::at(path);
    [files.database, files.journal, files.lock]
}

/// The identity of a file's content. It differs from that of another file with the same name, and after every change to the
/// file by other programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentIdentity {
    pub(super) inode: u64,
    pub(super) len: u64,
    /// The times in nanoseconds since the Unix epoch, of the last change to the content and of the last change to the
    /// content, the permissions or the name.
    pub(super) modified: u64,
    pub(super) changed: u64,
}

impl ContentIdentity {
    /// Returns the identity of the file that has this name, or `None` if there is none.
    pub(super) fn at(path: &Path) -> Option<ContentIdentity> {
        fs::metadata(path)
            .ok()
            .map(|it| ContentIdentity::in_metadata(&it))
    }

    #[cfg(unix)]
    pub(super) fn in_metadata(metadata: &Metadata) -> ContentIdentity {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| {
            let nanos = seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
            nanos.cast_unsigned()
        };
        ContentIdentity {
            inode: metadata.ino(),
            len: metadata.len(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn in_metadata(metadata: &Metadata) -> ContentIdentity {
        use std::time::{SystemTime, UNIX_EPOCH};
        let nanos = |time: io::Result<SystemTime>| {
            let since = time.ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
            since.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX))
        };
        ContentIdentity {
            inode: 0,
            len: metadata.len(),
            modified: nanos(metadata.modified()),
            changed: nanos(metadata.created()),
        }
    }
}

/// Opens the database if it exists. An empty file counts as none. Changes nothing.
pub(super) fn open_database(path: &Path) -> Result<Option<File>, Fault> {
    let Some(mut file) = open(path, Access::Read)? else {
        return Ok(None);
    };
    let not_read = |error| Fault::File(error, Access::Read);
    let mut head = Vec::new();
    let mut reader = (&file).take(SQLITE_MAGIC.len() as u64);
    reader.read_to_end(&mut head).map_err(not_read)?;
    file.rewind().map_err(not_read)?;
    if head.is_empty() {
        Ok(None)
    } else if head.starts_with(REDB_MAGIC) {
        Ok(Some(file))
    } else if head.starts_with(SQLITE_MAGIC) {
        let path = path.to_owned();
        Err(Fault::Public(Error::SqliteFile { path }))
    } else {
        Err(foreign(path))
    }
}

/// Opens a file of the store if it exists. Changes nothing.
pub(super) fn open(path: &Path, access: Access) -> Result<Option<File>, Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would block, and a device must not be replaced.
        Ok(_) => return Err(foreign(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault_at(path, access)(error)),
    }
    let mut options = OpenOptions::new();
    match options
        .read(true)
        .write(access == Access::ReadWrite)
        .open(path)
    {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault_at(path, access)(error)),
    }
}

/// Returns the fault of a file that another program wrote.
pub(super) fn foreign(path: &Path) -> Fault {
    let path = path.to_owned();
    Fault::Public(Error::ForeignFile { path })
}

/// Makes the faults of a file that cannot be used, which name the file.
pub(super) fn fault_at(path: &Path, access: Access) -> impl Fn(io::Error) -> Fault + Copy {
    move |error| {
        let named = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Fault::File(named, access)
    }
}

/// Resolves a symbolic link, whose target need not exist. So the other files are beside the target, and creating the
/// store keeps the link.
fn resolve_link(path: &Path) -> PathBuf {
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
