//! Every change that the store makes to the disk, but for the locks: files and folders here, what is
//! in a file in [`PatientBackend`](super::backend::PatientBackend). Tests see each, and may let it fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(test)]
use self::witness::Change;
use super::file::folder_of;
use crate::system::files::{self, private};

/// Creates a file for this user alone, where there must be none.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    #[cfg(test)]
    witness::see(&Change::Create)?;
    let mut options = OpenOptions::new();
    let file = private(options.read(true).write(true).create_new(true)).open(path)?;
    #[cfg(test)]
    witness::see(&Change::Created(path, files::id_in(&file.metadata()?)))?;
    Ok(file)
}

/// Removes a file, if it is there.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&Change::Remove(path))?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes all of a file outlast a power failure.
pub(super) fn sync_file(file: &File) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&Change::Sync(files::id_in(&file.metadata()?)))?;
    file.sync_all()
}

/// Gives a file the name of another one, which it replaces.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    witness::see(&Change::Rename(from, to))?;
    fs::rename(from, to)
}

/// Creates a folder for this user alone with those above it. Folders that exist are left as they are.
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
        witness::see(&Change::CreateFolder(folder))?;
        files::create_folder(folder)?;
    }
    Ok(())
}

/// Makes the name of a file, and those of the folders that it is in, outlast a power failure.
pub(super) fn sync_names(file: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened, and their changes are journalled.
    if !cfg!(unix) {
        return Ok(());
    }
    let names = file.ancestors().filter(|path| path.parent().is_some());
    for folder in names.map(folder_of) {
        match sync_folder(folder) {
            // This user may not look into it or change it, and so has most likely created nothing there;
            // or it is not on a disk (fsync(2)).
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
    witness::see(&Change::SyncFolder(folder))?;
    File::open(folder)?.sync_all()
}

/// Who sees the changes that this thread makes, in tests.
#[cfg(test)]
pub(super) mod witness {
    use std::cell::RefCell;
    use std::io;
    use std::path::Path;

    use crate::system::files::FileId;

    /// A change that is about to be made.
    #[derive(Debug)]
    pub(crate) enum Change<'a> {
        CreateFolder(&'a Path),
        SyncFolder(&'a Path),
        /// Of a file.
        Create,
        /// This one was just created.
        Created(&'a Path, FileId),
        Rename(&'a Path, &'a Path),
        Remove(&'a Path),
        Write(FileId, u64, &'a [u8]),
        SetLen(FileId, u64),
        Sync(FileId),
    }

    type Witness = Box<dyn FnMut(&Change<'_>) -> io::Result<()>>;

    thread_local! {
        static WITNESS: RefCell<Option<Witness>> = const { RefCell::new(None) };
    }

    /// Runs `f`, whose changes `witness` sees before they are made. An error that it gives is what they fail with.
    pub(crate) fn during<T>(
        witness: impl FnMut(&Change<'_>) -> io::Result<()> + 'static,
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

    pub(crate) fn see(change: &Change<'_>) -> io::Result<()> {
        WITNESS.with_borrow_mut(|witness| match witness {
            Some(witness) => witness(change),
            None => Ok(()),
        })
    }
}
