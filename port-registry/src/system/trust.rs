//! Files and users that are trusted to decide which checkout a folder or a process belongs to.

use std::fs::Metadata;

use super::user;

/// Tests if a canonical path is that of the home folder.
#[cfg(any(feature = "detect", feature = "listeners"))]
pub(crate) fn is_home(folder: &std::path::Path) -> bool {
    use std::fs;
    user::home().is_some_and(|home| fs::canonicalize(home).is_ok_and(|home| home == folder))
}

/// Tests if an entry of a folder is trusted: it belongs to this user, or to the owner of the folder.
///
/// In a folder that others can write to, such as `/tmp`, another user could otherwise make this user's folders part of a
/// project of theirs. Under sudo, the user who called it counts as this user.
#[cfg(unix)]
pub(crate) fn is_trusted(entry: &Metadata, folder: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = entry.uid();
    owner == folder.uid() || user::is_this_user(owner)
}

/// Tests if the processes of a user are not trusted to name the checkouts of others. Only root meets such users,
/// because nobody else can inspect their processes.
#[cfg(all(target_os = "linux", feature = "listeners"))]
pub(crate) fn is_stranger(other: u32) -> bool {
    other != user::ROOT && user::is_own_id(user::ROOT) && !user::is_this_user(other)
}

#[cfg(not(unix))]
pub(crate) fn is_trusted(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Tests if a file certainly belongs to this user.
#[cfg(all(unix, feature = "detect"))]
pub(crate) fn is_own(file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    user::is_own_id(file.uid())
}

#[cfg(all(not(unix), feature = "detect"))]
pub(crate) fn is_own(_: &Metadata) -> bool {
    true
}
