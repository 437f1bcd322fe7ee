//! The default folder of the store and of the daemon's files.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::error::Error;
#[cfg(unix)]
use crate::system::shell::quoted;
use crate::system::user;

/// Returns the default folder of the store and of the daemon's files, `~/.port-registry`. It need not exist.
///
/// # Errors
///
/// Returns [`NoHome`](Error::NoHome) if the home folder is unknown, and
/// [`UnusableFolder`](Error::UnusableFolder) if the path is not a folder, if every user can write to it, or if it belongs
/// to another user.
pub(crate) fn default_folder() -> Result<PathBuf, Error> {
    let home = user::home().ok_or(Error::NoHome)?;
    let folder = home.join(".port-registry");
    match problem(&home, &folder) {
        Some(reason) => Err(Error::UnusableFolder { folder, reason }),
        None => Ok(folder),
    }
}

/// Returns the reason why the folder must not be used. A folder that cannot be examined is left to fail when it is
/// used.
fn problem(home: &Path, folder: &Path) -> Option<String> {
    let home = fs::metadata(home).ok()?;
    if !home.is_dir() {
        return Some("HOME is not a folder; set it to one".to_owned());
    }
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => danger(&home, folder, &found),
        Ok(_) => Some("it is not a folder; move it away".to_owned()),
        Err(_) => fs::symlink_metadata(folder)
            .is_ok_and(|it| it.is_symlink())
            .then(|| {
                "it is a symbolic link to nothing; create what it names, or remove it".to_owned()
            }),
    }
}

/// Returns the reason why the folder is unsafe. Other users that can write to it could redirect this user's
/// programs to another store, or have them write to other files or end other processes.
#[cfg(unix)]
fn danger(home: &Metadata, folder: &Path, found: &Metadata) -> Option<String> {
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt;
    const WRITABLE_BY_ALL: u32 = 0o002;
    if found.mode() & WRITABLE_BY_ALL != 0 {
        return Some(format!(
            "every user can write to it; run `chmod o-w {}`",
            quoted(folder)
        ));
    }
    // The home folder may belong to another user, as in a container. Only root and the owner of a folder may set its
    // mode, so setting it to its current value shows if this user owns it.
    let is_own = found.uid() == home.uid()
        || !matches!(
            fs::set_permissions(folder, found.permissions()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied
        );
    (!is_own).then(|| format!("it belongs to another user, {}; move it away", found.uid()))
}

#[cfg(not(unix))]
fn danger(_: &Metadata, _: &Path, _: &Metadata) -> Option<String> {
    None
}
