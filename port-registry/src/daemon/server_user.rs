//! The users of the server of a TCP connection, as the Linux kernel tells them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::client_users::stand_in;
use crate::system::sock_diag::connection::SocketQuery;
use crate::system::tcp_socket::{ConnectionEnd, LISTEN, SYN_RECV, SocketDescription, canonical};
use crate::system::tcp_table;

/// The pauses before the kernel is asked again, in milliseconds, a second in total. Its tables may skip a socket while others
/// come and go, and those of gVisor have none that waits to be accepted.
const PAUSES: [u64; 11] = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// The sockets that tell about the server of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sockets {
    /// The client's end. Without it, nothing is known about the other sockets either.
    client: Option<SocketDescription>,
    /// The socket that accepts connections to the server's address.
    listener: Option<SocketDescription>,
    /// The server's end.
    server: Option<SocketDescription>,
}

/// Finds the users of the server of an open connection within this machine: that of the listening socket, and that of the
/// process which accepted the connection. As long as none has, both are the same.
///
/// Believe a server only if you trust both: the kernel itself accepts some connections, in the name of root.
///
/// Returns `None` if they are unknown: the server's end is not in this network, or a user does not exist in this user
/// namespace. Ask before anything is sent.
///
/// # Errors
///
/// [`NotConnected`](ErrorKind::NotConnected) if the connection was reset, [`ConnectionAborted`](ErrorKind::ConnectionAborted)
/// if the server has closed it or does not listen any more, [`Unsupported`](ErrorKind::Unsupported) if the system does not
/// tell, and otherwise the error of the operating system.
pub fn server_users(client: &TcpStream) -> io::Result<Option<[u32; 2]>> {
    let end = ConnectionEnd {
        local: canonical(client.local_addr()?),
        remote: canonical(client.peer_addr()?),
    };
    let mut is_told = false;
    for pause in PAUSES {
        thread::sleep(Duration::from_millis(pause));
        let sockets = match by_query(&end) {
            Ok(sockets) if sockets.client.is_some() => sockets,
            // A sandbox denies the query, or a kernel without the module `inet_diag` says that there is no such socket.
            _ => in_tables(&end).map_err(told)?,
        };
        // After a reset, these are the sockets of other connections.
        client.peer_addr()?;
        is_told |= sockets.client.is_some();
        if let Some(users) = users_of(&end.other(), &sockets)? {
            // One that stands for all users outside of this namespace names nobody.
            let stand_in = stand_in();
            let are_known = users.iter().all(|&user| stand_in != Some(user));
            return Ok(are_known.then_some(users));
        }
    }
    if is_told {
        Ok(None)
    } else {
        Err(ErrorKind::Unsupported.into())
    }
}

/// Turns the error of a system without tables into [`Unsupported`](ErrorKind::Unsupported).
fn told(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => ErrorKind::Unsupported.into(),
        _ => error,
    }
}

fn by_query(client: &ConnectionEnd) -> io::Result<Sockets> {
    let mut query = SocketQuery::open()?;
    let server = client.other();
    // Ask for the listener first. A connection that still waits afterwards is in the queue of this one, because the kernel
    // resets those of a listener that is closed.
    let listener = query.listener(server.local)?;
    Ok(Sockets {
        listener: listener.filter(|it| it.state == LISTEN),
        server: query.end(&server)?.filter(|it| server.is(it)),
        client: query.end(client)?.filter(|it| client.is(it)),
    })
}

fn in_tables(client: &ConnectionEnd) -> io::Result<Sockets> {
    // The kernel lists the listeners first.
    let sockets = tcp_table::descriptions()?;
    let server = client.other();
    let listeners = sockets
        .iter()
        .filter(|it| it.state == LISTEN && accepts(it.local, server.local));
    let end = |end: &ConnectionEnd| sockets.iter().find(|it| end.is(it)).copied();
    Ok(Sockets {
        // The kernel prefers one with the exact address.
        listener: listeners
            .min_by_key(|it| it.local.ip().is_unspecified())
            .copied(),
        server: end(&server),
        client: end(client),
    })
}

/// Tests if a listener can accept connections to an address.
fn accepts(listener: SocketAddr, address: SocketAddr) -> bool {
    let listener = canonical(listener);
    listener.port() == address.port()
        && match listener.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.is_ipv4(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
            exact => exact == address.ip(),
        }
}

/// Returns the users of a server, or `None` if its end is not among the sockets yet.
fn users_of(server: &ConnectionEnd, sockets: &Sockets) -> io::Result<Option<[u32; 2]>> {
    let Some(end) = &sockets.server else {
        return Ok(None);
    };
    let listener = sockets.listener.map(|it| it.user);
    let user = match server.user_of(end) {
        None if server.is_waiting(end) => listener,
        None if end.state == SYN_RECV => return Ok(None),
        user => user,
    };
    match (listener, user) {
        (Some(listener), Some(user)) => Ok(Some([listener, user])),
        _ => Err(ErrorKind::ConnectionAborted.into()),
    }
}

#[cfg(test)]
mod tests;
