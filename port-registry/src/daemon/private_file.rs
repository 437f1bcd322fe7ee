//! Small files beside the store that only this user may access.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use super::place::open_private;
use crate::deadline::Deadline;
use crate::system::files::{self, beside};

/// Replaces a file atomically. Only this user may access it, and its new folders. A symbolic link in its place is
/// replaced too.
///
/// # Errors
///
/// Returns the error of the operating system.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    // Several processes may write it at once.
    let random = RandomState::new().hash_one(std::process::id());
    let draft = beside(path, &format!(".{random:016x}.draft"));
    let mut options = OpenOptions::new();
    let file = open_private(&draft, options.write(true).create_new(true))?;
    let written = (&file)
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Locks a file, which is created if necessary, until the returned one is dropped.
///
/// # Errors
///
/// Returns [`TimedOut`](ErrorKind::TimedOut) if another process has the lock for the whole time, and otherwise the error
/// of the operating system.
pub fn lock_private(path: &Path, timeout: Duration) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = open_private(path, options.read(true).write(true).create(true))?;
    lock_opened(&file, timeout)?;
    Ok(file)
}

/// Locks a file that is open already, until all copies of its descriptor are closed.
///
/// # Errors
///
/// Those of [`lock_private`].
pub fn lock_opened(file: &File, timeout: Duration) -> io::Result<()> {
    let locked = Deadline::after(timeout).poll(|| match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    })?;
    locked.ok_or_else(|| ErrorKind::TimedOut.into())
}

/// Tests if a path leads to an open file, which another program may have renamed, removed or replaced. On systems
/// without inodes, tests only if there is a file.
pub fn leads_to(path: &Path, file: &File) -> bool {
    let ids = (fs::metadata(path), file.metadata());
    matches!(ids, (Ok(found), Ok(open)) if files::id_in(&found) == files::id_in(&open))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::time::Duration;

    use super::{lock_private, replace_private};

    #[cfg(unix)]
    #[test]
    fn replaced_file_and_its_new_folder_are_private() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [below, outside] = ["below", "outside"].map(|it| folder.path().join(it));
        let file = below.join("a.json");
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        replace_private(&file, b"one").unwrap();
        assert_eq!((mode(&below), mode(&file)), (0o700, 0o600));
        fs::write(&outside, "kept").unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&outside, &file).unwrap();
        replace_private(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read(&outside).unwrap(), b"kept");
        assert_eq!(fs::read_dir(&below).unwrap().count(), 1);
    }

    #[test]
    fn lock_is_refused_while_another_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock_private(&path, Duration::ZERO).unwrap();
        let refused = lock_private(&path, Duration::ZERO).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
        drop(held);
        assert!(lock_private(&path, Duration::ZERO).is_ok());
    }
}
