//! Replaces files of the user atomically.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::command_error::CommandError;
use crate::path::folder_of;
use crate::report::Report;

/// The outcome of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    Written,
    /// The file had this content already.
    Unchanged,
}

/// Replaces a file by what `change` makes of its content, atomically and durably. A missing file is created. A
/// symbolic link is followed, and the file keeps its mode and owner. Processes that replace files of one folder take
/// turns.
pub(crate) fn replace(
    path: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, CommandError>,
) -> Result<Replaced, CommandError> {
    let failed = |error: io::Error| Report::new(format!("{}: {error}", path.display()));
    let target = target_of(path).map_err(failed)?;
    let folder = folder_of(&target);
    let _lock = lock_folder(folder);
    let found = found_at(&target).map_err(failed)?;
    let content = match &found {
        Some(_) => fs::read(&target).map_err(failed)?,
        None => Vec::new(),
    };
    let changed = change(&content)?;
    if found.is_some() && changed == content {
        return Ok(Replaced::Unchanged);
    }
    put(&target, found.as_ref(), &changed).map_err(failed)?;
    Ok(Replaced::Written)
}

/// Follows a symbolic link to the file itself.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path).map_err(|error| {
            let kind = error.kind();
            io::Error::new(kind, format!("the symbolic link is broken: {error}"))
        }),
        _ => Ok(path.to_owned()),
    }
}

/// The metadata of the file, or `None` if there is none. Fails if this user may not write to it.
fn found_at(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(target) {
        // Opening a pipe would block.
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a file")),
        Ok(found) => {
            // Replacing needs write access to the folder only. Respect the mode of the file too.
            OpenOptions::new().write(true).open(target)?;
            Ok(Some(found))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file atomically and durably, with the mode and the owner of the file `found` that it replaces.
pub(crate) fn put(target: &Path, found: Option<&Metadata>, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(target);
    let mut draft = new_draft(folder, found)?;
    draft.as_file_mut().write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(target).map_err(|failed| failed.error)?;
    // Sync the folder, so that the name survives a power failure, where the system supports that.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Creates an empty file that is never more readable than the file `found` that it will replace. Without one, it gets
/// the mode that new files of the user have.
fn new_draft(folder: &Path, found: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut draft = tempfile::Builder::new();
    draft.prefix(".portctl-");
    #[cfg(unix)]
    if found.is_none() {
        use std::os::unix::fs::PermissionsExt;
        draft.permissions(fs::Permissions::from_mode(0o666));
    }
    // Errors name the file that is replaced, so leave out the path of the draft.
    let draft = draft.tempfile_in(folder).map_err(without_path)?;
    if let Some(found) = found {
        keep_owner(draft.as_file(), found)?;
        draft.as_file().set_permissions(found.permissions())?;
    }
    Ok(draft)
}

/// Removes the path at the end of an error of tempfile.
fn without_path(error: io::Error) -> io::Error {
    let message = error.to_string();
    match message.split_once(" at path ") {
        Some((message, _)) => io::Error::new(error.kind(), message),
        None => error,
    }
}

#[cfg(unix)]
fn keep_owner(draft: &File, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = draft.metadata()?;
    if (new.uid(), new.gid()) == (found.uid(), found.gid()) {
        return Ok(());
    }
    fchown(draft, Some(found.uid()), Some(found.gid())).map_err(|error| {
        let kind = error.kind();
        io::Error::new(kind, format!("cannot keep its owner or group: {error}"))
    })
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Locks the folder, so that no other portctl replaces a file in it. Returns `None` after the time limit or where the
/// system has no locks for folders, because another program may hold such a lock for its own reasons.
fn lock_folder(folder: &Path) -> Option<File> {
    const TIMEOUT: Duration = Duration::from_secs(5);
    const PAUSE: Duration = Duration::from_millis(5);
    let lock = File::open(folder).ok()?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Some(lock),
            Err(TryLockError::WouldBlock) if start.elapsed() < TIMEOUT => thread::sleep(PAUSE),
            Err(_) => return None,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{Replaced, new_draft, replace};

    #[test]
    fn draft_is_never_more_readable_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, "SECRET=1\n").unwrap();
        for mode in [0o600, 0o640, 0o644] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let found = fs::metadata(&file).unwrap();
            let draft = new_draft(folder.path(), Some(&found)).unwrap();
            let drafted = draft.as_file().metadata().unwrap();
            assert_eq!(drafted.permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn failure_leaves_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, "A=1\n").unwrap();
        let refused = replace(&file, |_| Err(crate::report::Report::new("no").into()));
        assert!(refused.is_err());
        let same = replace(&file, |content| Ok(content.to_vec())).unwrap();
        assert_eq!(same, Replaced::Unchanged);
        assert_eq!(fs::read(&file).unwrap(), b"A=1\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
