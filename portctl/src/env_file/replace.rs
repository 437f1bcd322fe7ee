//! Changing a file that is somebody else's: as a whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::path::folder_of;
use crate::report::Report;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    Written,
    /// It said the same already.
    Unchanged,
}

/// Puts what `change` makes of a file's content in its place, in one step and on the disk. A file that
/// is not there is created. A symbolic link is followed; the file keeps its mode and its owner. Two
/// that change files of one folder take turns.
pub(crate) fn replace(
    path: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failure>,
) -> Result<Replaced, Failure> {
    let failed = |error: io::Error| Report::new(format!("{}: {error}", path.display()));
    let target = target_of(path).map_err(failed)?;
    let folder = folder_of(&target);
    let _turn = turn_in(folder);
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

/// The file itself, where the path is one of symbolic links.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path).map_err(|error| {
            let kind = error.kind();
            io::Error::new(kind, format!("it is a symbolic link to nothing: {error}"))
        }),
        _ => Ok(path.to_owned()),
    }
}

/// What is there, if it can be replaced by this user.
fn found_at(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(target) {
        // Opening a pipe would wait.
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a file")),
        Ok(found) => {
            // A file that is not to be written to is not to be replaced either.
            OpenOptions::new().write(true).open(target)?;
            Ok(Some(found))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a file in place in one step and on the disk, with the mode and the owner of what it replaces if
/// that is `found`.
pub(crate) fn put(target: &Path, found: Option<&Metadata>, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(target);
    let mut draft = new_draft(folder, found)?;
    draft.as_file_mut().write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(target).map_err(|failed| failed.error)?;
    // The name outlasts a power failure too, where the system can see to it.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// An empty file that nobody may read who may not read the one that it will replace. A new one has the mode
/// that the user's new files have.
fn new_draft(folder: &Path, found: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut draft = tempfile::Builder::new();
    draft.prefix(".portctl-");
    #[cfg(unix)]
    if found.is_none() {
        use std::os::unix::fs::PermissionsExt;
        draft.permissions(fs::Permissions::from_mode(0o666));
    }
    // What went wrong is told of the file that was to be written, and not of the draft.
    let draft = draft.tempfile_in(folder).map_err(plain)?;
    if let Some(found) = found {
        keep_owner(draft.as_file(), found)?;
        draft.as_file().set_permissions(found.permissions())?;
    }
    Ok(draft)
}

/// The same error, without the draft's name that it ends with.
fn plain(error: io::Error) -> io::Error {
    let told = error.to_string();
    match told.split_once(" at path ") {
        Some((told, _)) => io::Error::new(error.kind(), told),
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
        io::Error::new(kind, format!("its owner or group cannot be kept: {error}"))
    })
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Waits until nobody else changes a file in this folder, where the system has locks for folders. That
/// somebody has such a lock for a reason of his own keeps nobody from writing for long.
fn turn_in(folder: &Path) -> Option<File> {
    const PATIENCE: Duration = Duration::from_secs(5);
    const PAUSE: Duration = Duration::from_millis(5);
    let lock = File::open(folder).ok()?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Some(lock),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => thread::sleep(PAUSE),
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
    fn a_draft_is_never_open_to_more_than_the_file_is() {
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
    fn what_fails_leaves_the_file_and_nothing_else() {
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
