//! Checks whose server is at the other end of a connection within this machine.
//!
//! While the daemon does not run, every user of the machine can listen at its address. Check before anything is sent.

use std::io;
use std::net::TcpStream;

#[cfg(target_os = "linux")]
use port_registry::daemon::passwd;
use thiserror::Error;

use crate::address::ServerUser;

/// The reason why a server is not taken for the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ForeignServer {
    #[cfg(target_os = "linux")]
    #[error("belongs to {}", passwd::describe(*.0))]
    Of(u32),
    /// Something forwards the connection.
    #[cfg(target_os = "linux")]
    #[error("is outside of this network, so the system does not tell whose it is")]
    Unknown,
}

impl ForeignServer {
    /// Finds the reason in an error of [`check_server`].
    pub(crate) fn of(error: &io::Error) -> Option<ForeignServer> {
        error.get_ref()?.downcast_ref().copied()
    }

    /// The user to name in the address of a daemon like this.
    pub(crate) fn named(self) -> String {
        match self {
            #[cfg(target_os = "linux")]
            ForeignServer::Of(user) => user.to_string(),
            #[cfg(target_os = "linux")]
            ForeignServer::Unknown => "all".to_owned(),
        }
    }
}

/// Refuses a server at a loopback address unless it belongs to this user, to root, or to the user that the address names. A
/// system that does not tell the users of servers lets each pass.
///
/// # Errors
///
/// Returns a [`ForeignServer`] as an error, or one of the connection.
#[cfg(target_os = "linux")]
pub(super) fn check_server(stream: &TcpStream, named: Option<ServerUser>) -> io::Result<()> {
    use std::io::ErrorKind;

    use port_registry::daemon::{is_trusted_server, server_user};

    let (client, server) = (stream.local_addr()?, stream.peer_addr()?);
    if named == Some(ServerUser::All) || !server.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let user = match server_user(client, server) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
        user => user?,
    };
    // After a reset, what was found may be the end of a later connection.
    stream.peer_addr()?;
    let foreign = match user {
        Some(user) if is_trusted_server(user) || named == Some(ServerUser::Id(user)) => {
            return Ok(());
        }
        Some(user) => ForeignServer::Of(user),
        None => ForeignServer::Unknown,
    };
    Err(io::Error::other(foreign))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check_server(_: &TcpStream, _: Option<ServerUser>) -> io::Result<()> {
    Ok(())
}
