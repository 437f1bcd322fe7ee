//! Changing a file that is somebody else's: as a whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Report};

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

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
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

fn put(target: &Path, found: Option<&Metadata>, content: &[u8]) -> io::Result<()> {
    let folder = folder_of(target);
    let mut draft = new_draft(folder)?;
    draft.as_file_mut().write_all(content)?;
    if let Some(found) = found {
        keep_owner(draft.as_file(), found)?;
        draft.as_file().set_permissions(found.permissions())?;
    }
    draft.as_file().sync_all()?;
    draft.persist(target).map_err(|failed| failed.error)?;
    // The name outlasts a power failure too, where the system can see to it.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// A file of the mode that the user's new files have.
fn new_draft(folder: &Path) -> io::Result<NamedTempFile> {
    let mut draft = tempfile::Builder::new();
    draft.prefix(".portctl-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        draft.permissions(fs::Permissions::from_mode(0o666));
    }
    // What went wrong is told of the file that was to be written, and not of the draft.
    draft.tempfile_in(folder).map_err(plain)
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
