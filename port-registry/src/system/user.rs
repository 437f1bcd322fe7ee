//! This user.

use std::env;
use std::path::PathBuf;

/// Returns the home folder. Returns `None` if its path is not absolute.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
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

/// The superuser.
#[cfg(all(
    unix,
    any(feature = "daemon", feature = "detect", feature = "listeners")
))]
pub(crate) const ROOT: u32 = 0;

/// Tests if a user is this one. Under sudo, the user who called it counts too.
#[cfg(all(
    unix,
    any(feature = "daemon", feature = "detect", feature = "listeners")
))]
pub(crate) fn is_this_user(other: u32) -> bool {
    let caller = || env::var("SUDO_UID").ok()?.parse().ok();
    user().is_some_and(|user| other == user || (user == ROOT && caller() == Some(other)))
}

/// Returns the effective user of this process, as the owner of a new pipe.
///
/// The standard library has no call for it, and the default build would need a crate for this call alone.
#[cfg(unix)]
pub(crate) fn user() -> Option<u32> {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;
    let (reader, _writer) = io::pipe().ok()?;
    let pipe = File::from(OwnedFd::from(reader)).metadata().ok()?;
    Some(pipe.uid())
}
