//! The Unix socket beside the pidfile, which only the daemon's user may connect to.
//!
//! Call its functions only while the daemon's lock is held: nobody else creates or removes the file then.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::error::DaemonError;
use crate::limits;
use crate::log;

/// The file of a socket that is listened on. Dropping it removes the file, unless another one has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// The device and the inode.
    id: (u64, u64),
}

/// Listens on a socket. Returns `None` after a line in the log if the system does not allow it, for example
/// because the path is too long.
pub(super) async fn listen(path: &Path) -> Result<Option<(UnixListener, SocketFile)>, DaemonError> {
    let bound = match remove_stale(path).await {
        Ok(Some(found)) => {
            let path = path.to_owned();
            return Err(DaemonError::SocketTaken { path, found });
        }
        Ok(None) => bind(path),
        Err(error) => Err(error),
    };
    match bound {
        Ok(bound) => Ok(Some(bound)),
        Err(error) => {
            log::line(format_args!(
                "cannot listen on the Unix socket {}: {error}",
                path.display()
            ));
            Ok(None)
        }
    }
}

/// Removes the socket of a daemon that was killed. Returns the description of a file that is something else.
async fn remove_stale(path: &Path) -> io::Result<Option<&'static str>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Ok(Some("not a socket"));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map(|()| None)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // Something listens there, or may.
        _ => Ok(Some("the socket of another program")),
    }
}

fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let file = SocketFile {
        path: path.to_owned(),
        id: id_of(path)?,
    };
    // Nobody can connect before it listens.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok((socket.listen(limits::BACKLOG)?, file))
}

fn id_of(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id_of(&self.path).is_ok_and(|id| id == self.id) {
            // A socket that stays behind is replaced by the next daemon.
            let _ = fs::remove_file(&self.path);
        }
    }
}
