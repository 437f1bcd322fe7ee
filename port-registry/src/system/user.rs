//! This user: the home folder, and the files that belong to the user.

use std::env;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// Returns the home folder. Returns `None` if its path is not absolute.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// Tests if a canonical path is that of the home folder.
pub(crate) fn is_home(folder: &Path) -> bool {
    home().is_some_and(|home| fs::canonicalize(home).is_ok_and(|home| home == folder))
}

/// Tests if an entry may speak for a folder: it belongs to this user, or to the owner of the folder.
///
/// In a folder that others can write to, such as `/tmp`, another user could otherwise make this user's folders part of a
/// project of theirs. Under sudo, the user who called it counts as this user.
#[cfg(unix)]
pub(crate) fn is_trusted(entry: &Metadata, folder: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = entry.uid();
    owner == folder.uid()
        || user().is_some_and(|user| owner == user || (user == ROOT && sudo_user() == Some(owner)))
}

#[cfg(not(unix))]
pub(crate) fn is_trusted(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Tests if a file certainly belongs to this user.
#[cfg(all(unix, feature = "detect"))]
pub(crate) fn is_own(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    is_own_id(file.uid())
}

#[cfg(all(not(unix), feature = "detect"))]
pub(crate) fn is_own(_: &Metadata) -> bool {
    true
}

/// Tests if this is the id of this user.
#[cfg(unix)]
pub(crate) fn is_own_id(id: u32) -> bool {
    user() == Some(id)
}

#[cfg(not(unix))]
pub(crate) fn is_own_id(_: u32) -> bool {
    false
}

#[cfg(unix)]
const ROOT: u32 = 0;

/// Returns the effective user of this process, as the owner of a new pipe.
///
/// The standard library has no call for it, and a crate that has one would be the default build's only use of it.
#[cfg(unix)]
fn user() -> Option<u32> {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;
    let (reader, _writer) = io::pipe().ok()?;
    let pipe = File::from(OwnedFd::from(reader)).metadata().ok()?;
    Some(pipe.uid())
}

#[cfg(unix)]
fn sudo_user() -> Option<u32> {
    env::var("SUDO_UID").ok()?.parse().ok()
}
