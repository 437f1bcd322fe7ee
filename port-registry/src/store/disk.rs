//! Changes to files and folders. With [`PatientBackend`](super::backend::PatientBackend), which changes the
//! contents of files, this is the only module of the store that changes the disk. Tests observe each change, and
//! make it fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(test)]
use self::witness::DiskChange;
use super::file::folder_of;
use crate::system::files::{self, private};

/// Creates a file that only this user may access. Fails if there is one.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    #[cfg(test)]
    witness::see(&DiskChange::Create)?;
    let mut options = OpenOptions::new();
    let file = private(options.read(true).write(true).create_new(true)).open(path)?;
    #[cfg(test)]
    witness::see(&DiskChange::Created(path, files::id_in(&file.metadata()?)))?;
    Ok(file)
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

/// Syncs a file, so that it survives a power failure.
pub(super) fn sync_file(file: &File) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::Sync(files::id_in(&file.metadata()?)))?;
    file.sync_all()
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
    // Other systems journal changes to folders, which cannot be opened there.
    if !cfg!(unix) {
        return Ok(());
    }
    let names = file.ancestors().filter(|path| path.parent().is_some());
    for folder in names.map(folder_of) {
        match sync_folder(folder) {
            // This user may not read or change the folder, and so most likely created nothing in it, or the folder is
            // not on a disk (fsync(2)).
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied
                        | ErrorKind::ReadOnlyFilesystem
                        | ErrorKind::InvalidInput
                        | ErrorKind::Unsupported
                ) => {}
            result => result?,
        }
    }
    Ok(())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&DiskChange::SyncFolder(folder))?;
    File::open(folder)?.sync_all()
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

    pub(crate) fn see(change: &DiskChange<'_>) -> io::Result<()> {
        WITNESS.with_borrow_mut(|witness| match witness {
            Some(witness) => witness(change),
            None => Ok(()),
        })
    }
}
