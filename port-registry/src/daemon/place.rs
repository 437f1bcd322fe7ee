//! The daemon's default port, and the paths of its files.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::allocate::assignment_order;
use crate::error::Error;
use crate::store;
use crate::system::files::{self, beside, private};
use crate::system::home;
#[cfg(unix)]
use crate::system::links;

/// The default port of the daemon.
pub const DAEMON_PORT: u16 = assignment_order::DAEMON_PORT;

/// Returns the default folder of the store and of the daemon's files, `~/.port-registry`. It need not exist.
///
/// # Errors
///
/// Returns [`NoHome`](Error::NoHome) if the home folder is unknown, and
/// [`UnusableFolder`](Error::UnusableFolder) if the path is not a folder, if every user can write to it, or if it belongs
/// to another user.
pub fn default_folder() -> Result<PathBuf, Error> {
    home::default_folder()
}

/// Returns the default pidfile, `~/.port-registry/port-registry.pid`.
///
/// # Errors
///
/// Those of [`default_folder`].
pub fn default_pidfile() -> Result<PathBuf, Error> {
    Ok(default_folder()?.join("port-registry.pid"))
}

/// Tests if a server of a user may answer for this user's daemon: one of this user or of root and, under sudo, of the user
/// who called it. In another user's home folder, the owner of its registry may too.
#[cfg(unix)]
pub fn is_trusted_server(user: u32) -> bool {
    use std::os::unix::fs::MetadataExt;

    use crate::system::user;

    let is_owner = || {
        let folder = default_folder().ok()?.metadata().ok()?;
        Some(folder.uid() == user)
    };
    user == user::ROOT || user::is_this_user(user) || is_owner() == Some(true)
}

/// Returns the files of the store at a path: the database, its journal and its lock. If the path is a symbolic link, they
/// are where it leads to.
pub fn store_files(store: &Path) -> [PathBuf; 3] {
    store::files::all_of(store)
}

/// Returns the lock file of a pidfile, `<pidfile>.lock`.
pub fn lock_of(pidfile: &Path) -> PathBuf {
    beside(pidfile, ".lock")
}

/// Returns the Unix socket of the daemon of a pidfile: `port-registry.sock` beside `port-registry.pid`.
pub fn socket_of(pidfile: &Path) -> PathBuf {
    if pidfile.extension().is_some_and(|it| it == "pid") {
        pidfile.with_extension("sock")
    } else {
        // Do not replace the extension of another one: `a.b` and `a.c` must not lead to the same name.
        beside(pidfile, ".sock")
    }
}

/// Opens one of the daemon's files. If it is created, only this user may access it, and its new folders.
///
/// # Errors
///
/// Returns an error if the file is a symbolic link that belongs neither to this user, nor to root, nor to the owner of its
/// folder, and otherwise that of the operating system.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    open_no_link(path, private(options))
}

#[cfg(unix)]
fn open_no_link(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let path = links::follow_trusted(path)?;
    // Another user may put a link there between the two calls.
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    options.custom_flags(no_link).open(path)
}

#[cfg(not(unix))]
fn open_no_link(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::socket_of;

    #[test]
    fn the_socket_is_named_after_the_pidfile() {
        for (pidfile, socket) in [
            (
                "/h/.port-registry/port-registry.pid",
                "/h/.port-registry/port-registry.sock",
            ),
            ("/run/a.b.pid", "/run/a.b.sock"),
            ("/run/a.b", "/run/a.b.sock"),
            ("/run/a", "/run/a.sock"),
            ("/run/.pid", "/run/.pid.sock"),
        ] {
            assert_eq!(socket_of(Path::new(pidfile)), Path::new(socket));
        }
    }
}
