//! The place of the store and of the daemon's files unless they are named.

use std::env;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// `~/.port-registry`, the folder of the store and of the daemon's files unless they are named. It need
/// not exist.
///
/// # Errors
///
/// [`NoHome`](Error::NoHome) when the home folder cannot be made out, and
/// [`UnusableFolder`](Error::UnusableFolder) when what is there is no folder, or one that other users
/// could change behind this one's back.
pub fn default_folder() -> Result<PathBuf, Error> {
    let home = env::home_dir().filter(|home| home.is_absolute());
    let home = home.ok_or(Error::NoHome)?;
    let folder = home.join(".port-registry");
    match unusable(&home, &folder) {
        Some(reason) => Err(Error::UnusableFolder { folder, reason }),
        None => Ok(folder),
    }
}

/// Why the folder must not be used. What cannot be looked at is met by whoever uses it.
fn unusable(home: &Path, folder: &Path) -> Option<String> {
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

/// What other users could do to the folder: take its files for theirs, and have this user's programs
/// write elsewhere, use another store or end another process.
#[cfg(unix)]
fn danger(home: &Metadata, folder: &Path, found: &Metadata) -> Option<String> {
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt;
    const WRITABLE_BY_ALL: u32 = 0o002;
    if found.mode() & WRITABLE_BY_ALL != 0 {
        let folder = folder.display();
        return Some(format!(
            "every user can write to it; run `chmod o-w {folder}`"
        ));
    }
    // The home folder may belong to somebody else, as in a container. Only the owner, and root, may set a
    // folder's mode, so setting it to what it is tells whether this user owns it.
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
