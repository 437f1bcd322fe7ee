//! Checks whose server a connection within this machine leads to.
//!
//! While the daemon does not run, every user of the machine can listen at its address. Check before anything is sent.

use std::io;
use std::net::TcpStream;

#[cfg(unix)]
use port_registry::daemon::passwd;
use thiserror::Error;

use crate::address::{ServerUser, SocketPath};

/// The reason why a server is not taken for the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ForeignServer {
    #[cfg(unix)]
    #[error("belongs to {description}")]
    Of { user: u32, description: String },
    /// The user is outside of this user namespace, or something forwards the connection.
    #[cfg(target_os = "linux")]
    #[error("belongs to a user whom the system does not name")]
    Unknown,
}

impl ForeignServer {
    /// Finds the reason in an error of a check.
    pub(crate) fn of(error: &io::Error) -> Option<ForeignServer> {
        error.get_ref()?.downcast_ref().cloned()
    }

    /// Returns the user to name in the address of a daemon like this.
    pub(crate) fn named(&self) -> String {
        match *self {
            #[cfg(unix)]
            ForeignServer::Of { user, .. } => user.to_string(),
            #[cfg(target_os = "linux")]
            ForeignServer::Unknown => passwd::ALL.to_owned(),
        }
    }
}

#[cfg(unix)]
fn foreign(user: u32) -> io::Error {
    let description = passwd::describe(user);
    io::Error::other(ForeignServer::Of { user, description })
}

/// Refuses a server at a loopback address unless it belongs to this user, to root, or to the user that the address names. A
/// system that does not tell the users of servers lets each pass.
///
/// # Errors
///
/// Returns a [`ForeignServer`] as an error, or one of the connection.
#[cfg(target_os = "linux")]
pub(super) fn check_tcp(stream: &TcpStream, named: Option<ServerUser>) -> io::Result<()> {
    use std::io::ErrorKind;

    use port_registry::daemon::{is_trusted_server, server_users};

    let is_loopback = stream.peer_addr()?.ip().to_canonical().is_loopback();
    let users = match named {
        Some(ServerUser::All) => return Ok(()),
        None if !is_loopback => return Ok(()),
        Some(ServerUser::Id(_)) if !is_loopback => None,
        _ => match server_users(stream) {
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
            users => users?,
        },
    };
    let users = users.ok_or_else(|| io::Error::other(ForeignServer::Unknown))?;
    let is_meant = |user: u32| is_trusted_server(user) || named == Some(ServerUser::Id(user));
    match users.into_iter().find(|&user| !is_meant(user)) {
        None => Ok(()),
        Some(user) => Err(foreign(user)),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check_tcp(_: &TcpStream, _: Option<ServerUser>) -> io::Result<()> {
    Ok(())
}

/// Refuses the server of a Unix socket unless the socket belongs to this user, to root, or to the owner of its folder: whoever
/// names that trusts its owner.
///
/// # Errors
///
/// Returns a [`ForeignServer`] as an error, or one of the system.
#[cfg(unix)]
pub(super) fn check_socket(path: &SocketPath) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    use port_registry::daemon::is_trusted_server;

    let path = path.path().canonicalize()?;
    let owner = path.metadata()?.uid();
    let folder = path.parent().and_then(|it| it.metadata().ok());
    if is_trusted_server(owner) || folder.is_some_and(|it| it.uid() == owner) {
        Ok(())
    } else {
        Err(foreign(owner))
    }
}

#[cfg(not(unix))]
pub(super) fn check_socket(_: &SocketPath) -> io::Result<()> {
    Ok(())
}
