//! Changes to files and folders. This is the only module of the store that changes the disk. Tests observe each change,
//! and make it fail.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;

#[cfg(test)]
use self::witness::DiskChange;
use super::files::folder_of;
#[cfg(test)]
use crate::system::files::id_in;
use crate::system::files::{self, FileId, private};

/// Creates a file that only this user may access. Fails if there is one.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    #[cfg(test)]
    witness::see(&DiskChange::Create)?;
    let mut options = OpenOptions::new();
    let file = private(options.read(true).write(true).create_new(true)).open(path)?;
    #[cfg(test)]
    witness::see(&DiskChange::Created(path, id_in(&file.metadata()?)))?;
    Ok(file)
}

/// Gives a new file the mode, the owner and the group of the one that it replaces. Otherwise a merge by root would lock out
/// the user whose registry it is.
#[cfg(unix)]
pub(super) fn keep_owner(file: &File, before: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = file.metadata()?;
    let (uid, gid) = (before.uid(), before.gid());
    if (now.uid(), now.gid()) != (uid, gid) {
        // Only root may give a file away. Another user has written to this one because its mode allows that.
        let _ = fchown(file, Some(uid), Some(gid)).or_else(|_| fchown(file, None, Some(gid)));
    }
    file.set_permissions(before.permissions())
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Opens a file for reading and writing, and creates it if necessary.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).write(true).open(path);
    match open() {
        Err(error) if error.kind() == ErrorKind::NotFound => match create_file(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open(),
            created => created,
        },
        opened => opened,
    }
}

/// Removes a file if it exists.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::Remove(path))?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes to an open file.
pub(super) fn write(file: &FileBackend, id: FileId, offset: u64, data: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    if let Err(error) = witness::see(&DiskChange::Write(id, offset, data)) {
        // A failed write may have written a part.
        if !witness::is_kill(&error) {
            file.write(offset, &data[..data.len() / 2])?;
        }
        return Err(error);
    }
    #[cfg(not(test))]
    let _ = id;
    file.write(offset, data)
}

/// Syncs the content of an open file, so that it survives a power failure.
pub(super) fn sync(file: &FileBackend, id: FileId) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::Sync(id))?;
    #[cfg(not(test))]
    let _ = id;
    file.sync_data()
}

/// Truncates an open file.
pub(super) fn set_len(file: &FileBackend, id: FileId, len: u64) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::SetLen(id, len))?;
    #[cfg(not(test))]
    let _ = id;
    file.set_len(len)
}

/// Renames a file, which replaces one at `to`.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::Rename(from, to))?;
    fs::rename(from, to)
}

/// Creates a folder and its missing parents, which only this user may access. Existing folders stay unchanged.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    for folder in folder.ancestors() {
        if folder.try_exists()? {
            break;
        }
        missing.push(folder);
    }
    for folder in missing.into_iter().rev() {
        #[cfg(test)]
        witness::see(&DiskChange::CreateFolder(folder))?;
        files::create_folder(folder)?;
    }
    Ok(())
}

/// Syncs the folders above a file, so that its path survives a power failure.
pub(super) fn sync_names(file: &Path) -> io::Result<()> {
    let mut names = file.ancestors().filter(|path| path.parent().is_some());
    names.try_for_each(sync_folder_of)
}

/// Syncs the names in the folder of a file.
pub(super) fn sync_folder_of(file: &Path) -> io::Result<()> {
    // Other systems journal changes to folders, which cannot be opened there.
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = folder_of(file);
    #[cfg(test)]
    witness::see(&DiskChange::SyncFolder(folder))?;
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // This user may not read or change the folder, and so most likely created nothing in it, or the folder is not on
        // a disk (fsync(2)).
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::PermissionDenied
                    | ErrorKind::ReadOnlyFilesystem
                    | ErrorKind::InvalidInput
                    | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Observing the changes of this thread, in tests.
#[cfg(test)]
pub(super) mod witness {
    use std::cell::RefCell;
    use std::io;
    use std::path::Path;

    use crate::system::files::FileId;

    /// A change that is about to be made.
    #[derive(Debug)]
    pub(crate) enum DiskChange<'a> {
        CreateFolder(&'a Path),
        SyncFolder(&'a Path),
        /// A file is about to be created.
        Create,
        /// A file was just created.
        Created(&'a Path, FileId),
        Rename(&'a Path, &'a Path),
        Remove(&'a Path),
        Write(FileId, u64, &'a [u8]),
        SetLen(FileId, u64),
        Sync(FileId),
    }

    type Witness = Box<dyn FnMut(&DiskChange<'_>) -> io::Result<()>>;

    thread_local! {
        static WITNESS: RefCell<Option<Witness>> = const { RefCell::new(None) };
    }

    /// Runs `f`, and calls `witness` before each of its changes. A change fails with the error that `witness`
    /// returns.
    pub(crate) fn during<T>(
        witness: impl FnMut(&DiskChange<'_>) -> io::Result<()> + 'static,
        f: impl FnOnce() -> T,
    ) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                WITNESS.set(None);
            }
        }
        WITNESS.set(Some(Box::new(witness)));
        let _leave = Leave;
        f()
    }

    /// Returns the error with which a witness prevents all further changes, as if the process were killed.
    pub(crate) fn killed() -> io::Error {
        io::ErrorKind::ConnectionAborted.into()
    }

    pub(super) fn is_kill(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::ConnectionAborted
    }

    pub(crate) fn see(change: &DiskChange<'_>) -> io::Result<()> {
        WITNESS.with_borrow_mut(|witness| match witness {
            Some(witness) => witness(change),
            None => Ok(()),
        })
    }
}
