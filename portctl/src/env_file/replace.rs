//! Replaces files of the user atomically.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use super::attributes;
use super::folder::Folder;
use crate::path::folder_of;

/// Writes a file atomically and durably.
pub(crate) fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let folder = Folder::open(folder_of(path))?;
    put_in(&folder, name, None, FileKind::Data, content)
}

/// The kind of a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Data,
    /// An executable file: each class of users that may read it may also run it.
    Program,
}

/// Writes a file atomically and durably, with the attributes of the file `found` that it replaces.
pub(super) fn put_in(
    folder: &Folder,
    name: &OsStr,
    found: Option<&File>,
    kind: FileKind,
    content: &[u8],
) -> io::Result<()> {
    let mut draft = Draft::new(folder, found)?;
    #[cfg(unix)]
    if kind == FileKind::Program {
        make_executable(&draft.file)?;
    }
    #[cfg(not(unix))]
    let _ = kind;
    draft.file.write_all(content)?;
    draft.file.sync_all()?;
    draft.take_place(name)?;
    // Sync the folder, so that the name survives a power failure, where the system supports that.
    if let Some(folder) = folder.handle() {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | (mode & 0o444) >> 2);
    file.set_permissions(permissions)
}

/// A new file in the folder of the one that it will replace. Dropping it removes it.
struct Draft<'a> {
    folder: &'a Folder,
    name: OsString,
    file: File,
    is_in_place: bool,
}

impl<'a> Draft<'a> {
    /// Creates an empty file that is never more readable than the file `found`. Without one, it gets the mode that new
    /// files of the user have.
    fn new(folder: &'a Folder, found: Option<&File>) -> io::Result<Draft<'a>> {
        let (name, file) = create_draft(folder, found.is_some())?;
        let draft = Draft {
            folder,
            name,
            file,
            is_in_place: false,
        };
        #[cfg(unix)]
        if let Some(found) = found {
            attributes::keep(found, &draft.file)?;
        }
        Ok(draft)
    }

    fn take_place(mut self, name: &OsStr) -> io::Result<()> {
        self.folder.rename(&self.name, name)?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = self.folder.remove(&self.name);
        }
    }
}

fn create_draft(folder: &Folder, is_private: bool) -> io::Result<(OsString, File)> {
    const ATTEMPTS: u32 = 16;
    let random = RandomState::new();
    let mut attempt = 0;
    loop {
        let name = OsString::from(format!(".portctl-{:016x}", random.hash_one(attempt)));
        let created = if is_private {
            folder.create_private(&name)
        } else {
            folder.create(&name)
        };
        attempt += 1;
        match created {
            Ok(file) => return Ok((name, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// Locks the folder, so that no other portctl replaces a file in it. Returns `None` where the system has no locks for folders,
/// and after the time limit, because another program may hold such a lock.
pub(super) fn lock(folder: &Folder) -> Option<File> {
    const TIMEOUT: Duration = Duration::from_secs(5);
    const PAUSE: Duration = Duration::from_millis(5);
    let lock = folder.handle()?;
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
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{Draft, Folder};

    #[test]
    fn draft_is_never_more_readable_than_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, "SECRET=1\n").unwrap();
        for mode in [0o600, 0o640, 0o644] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let opened = Folder::open(folder.path()).unwrap();
            let draft = Draft::new(&opened, Some(&File::open(&file).unwrap())).unwrap();
            let drafted = draft.file.metadata().unwrap();
            assert_eq!(drafted.permissions().mode() & 0o777, mode);
        }
    }
}
