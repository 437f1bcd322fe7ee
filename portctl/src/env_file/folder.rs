//! A folder that is used by its descriptor. Whatever happens to its path meanwhile, all operations are on one folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::entry_kind::{EntryKind, not_a_file};

/// Enough to find entries, even in a folder that cannot be listed.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FIND_ENTRIES: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const FIND_ENTRIES: OFlags = OFlags::RDONLY;

#[derive(Debug)]
pub(super) struct Folder {
    descriptor: File,
}

impl Folder {
    /// Opens a folder. Follows symbolic links.
    pub(super) fn open(path: &Path) -> io::Result<Folder> {
        Folder::open_with(path, OFlags::empty())
    }

    /// Opens a folder by its real path. Fails if there is a symbolic link in the path by now.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn open_real(path: &Path) -> io::Result<Folder> {
        let mut folder = Folder::open(Path::new("/"))?;
        for name in path.iter().skip(1) {
            folder = folder.subfolder(name)?;
        }
        Ok(folder)
    }

    /// Opens a folder by its real path. Fails if there is a symbolic link in the path by now.
    #[cfg(target_vendor = "apple")]
    pub(super) fn open_real(path: &Path) -> io::Result<Folder> {
        Folder::open_with(path, OFlags::NOFOLLOW_ANY)
    }

    /// Opens a folder by its real path. Fails if the folder is a symbolic link by now.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub(super) fn open_real(path: &Path) -> io::Result<Folder> {
        Folder::open_with(path, OFlags::NOFOLLOW)
    }

    fn open_with(path: &Path, flags: OFlags) -> io::Result<Folder> {
        let flags = flags | FIND_ENTRIES | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Folder {
            descriptor: descriptor.into(),
        })
    }

    /// Opens a folder in this folder. Fails if it is a symbolic link.
    pub(super) fn subfolder(&self, name: &OsStr) -> io::Result<Folder> {
        let flags = FIND_ENTRIES | OFlags::DIRECTORY;
        Ok(Folder {
            descriptor: self.open_entry(name, flags, Mode::empty())?,
        })
    }

    fn open_entry(&self, name: &OsStr, flags: OFlags, mode: Mode) -> Result<File, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.descriptor, name, flags, mode).map(File::from)
    }

    /// Returns `None` if there is no such entry.
    pub(super) fn entry(&self, name: &OsStr) -> io::Result<Option<EntryKind>> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => EntryKind::File,
                FileType::Directory => EntryKind::Folder,
                FileType::Symlink => EntryKind::Link,
                _ => EntryKind::Other,
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the target of a symbolic link.
    pub(super) fn link(&self, name: &OsStr) -> io::Result<PathBuf> {
        use std::os::unix::ffi::OsStringExt;

        let target = rustix::fs::readlinkat(&self.descriptor, name, Vec::new())?;
        Ok(std::ffi::OsString::from_vec(target.into_bytes()).into())
    }

    /// Opens a file for reading and writing. Returns `None` if it does not exist.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<Option<File>> {
        // Opening a device can have effects.
        match self.entry(name)? {
            None => return Ok(None),
            Some(EntryKind::File) => {}
            Some(_) => return Err(not_a_file()),
        }
        // Opening a pipe blocks otherwise, if it replaced the file just now.
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY;
        match self.open_entry(name, flags, Mode::empty()) {
            Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
            Ok(_) | Err(Errno::LOOP) => Err(not_a_file()),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a file with the mode that new files of the user have.
    pub(super) fn create(&self, name: &OsStr) -> io::Result<File> {
        self.create_with(name, Mode::from_raw_mode(0o666))
    }

    /// Creates a file that only the user can read.
    pub(super) fn create_private(&self, name: &OsStr) -> io::Result<File> {
        self.create_with(name, Mode::from_raw_mode(0o600))
    }

    fn create_with(&self, name: &OsStr, mode: Mode) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        Ok(self.open_entry(name, flags, mode)?)
    }

    /// Renames a file, and replaces the file that has the new name.
    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let folder = &self.descriptor;
        Ok(rustix::fs::renameat(folder, from, folder, to)?)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        let folder = &self.descriptor;
        Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
    }

    /// A handle that can be locked and synced. Returns `None` if the folder cannot be listed.
    pub(super) fn handle(&self) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        self.open_entry(OsStr::new("."), flags, Mode::empty()).ok()
    }

    /// The device and the number of the folder, which all of its paths share.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        let found = self.descriptor.metadata().ok()?;
        Some((found.dev(), found.ino()))
    }

    /// Returns true if other users, except root, can replace entries.
    pub(super) fn is_shared(&self) -> io::Result<bool> {
        let found = self.descriptor.metadata()?;
        let user = rustix::process::geteuid().as_raw();
        // Where every user has a group of their own, it has the same number, and such folders are common.
        let is_own_group = found.gid() == user;
        let others = if is_own_group { 0o002 } else { 0o022 };
        Ok(![user, 0].contains(&found.uid()) || found.mode() & others != 0)
    }
}
