//! The user of the server of a TCP connection, as the Linux kernel tells it.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::client_users::{ClientUsers, stand_in};
use crate::system::sock_diag::connection::SocketQuery;
use crate::system::tcp_socket::{ConnectionEnd, SocketDescription};
use crate::system::tcp_table;

/// The state of a listening socket (`include/net/tcp_states.h` of the kernel).
const LISTEN: u8 = 10;

/// The server's end of a connection, as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Of(u32),
    /// The process that accepted the connection has closed it.
    Closed,
}

/// Finds the user of the server of an open connection within this machine. It is that of the process that accepted the
/// connection or, as long as none has, of the one that listens.
///
/// Returns `None` if the server's end is not in this network: something forwards the connection. Ask while the connection
/// is open, before anything is sent: an answer for a connection that was reset may concern a later one.
///
/// # Errors
///
/// [`ConnectionAborted`](ErrorKind::ConnectionAborted) if the server has closed its end, and
/// [`Unsupported`](ErrorKind::Unsupported) if the system does not tell.
pub fn server_user(client: SocketAddr, server: SocketAddr) -> io::Result<Option<u32>> {
    let end = ConnectionEnd {
        local: canonical(server),
        remote: canonical(client),
    };
    let server = match by_query(&end) {
        Ok(Some(server)) => Some(server),
        // A kernel without the module `inet_diag` says that there is no such socket.
        _ => in_tables(&end).unwrap_or(None),
    };
    match server {
        // One that stands for all users outside of this namespace names nobody.
        Some(Server::Of(user)) => Ok((stand_in() != Some(user)).then_some(user)),
        Some(Server::Closed) => Err(ErrorKind::ConnectionAborted.into()),
        None if ClientUsers::find().is_some() => Ok(None),
        None => Err(ErrorKind::Unsupported.into()),
    }
}

/// Sockets for both address families have IPv4 addresses as mapped ones.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn by_query(end: &ConnectionEnd) -> io::Result<Option<Server>> {
    let mut query = SocketQuery::open()?;
    // Ask for the listener first. As long as the connection waits, it is in the queue of this one: the kernel resets the
    // connections of a listener that is closed.
    let listener = query.listener(end.local)?;
    let found = query.end(end)?;
    Ok(found.and_then(|found| server_of(end, &found, listener)))
}

fn in_tables(end: &ConnectionEnd) -> io::Result<Option<Server>> {
    // The kernel lists the listeners first.
    let sockets = tcp_table::descriptions()?;
    let mut listeners: Vec<_> = sockets
        .iter()
        .filter(|it| it.state == LISTEN && accepts(it.local, end.local))
        .collect();
    // The kernel prefers one with the exact address.
    listeners.sort_by_key(|it| it.local.ip().is_unspecified());
    let listener = listeners.first().map(|&&it| it);
    Ok(sockets
        .iter()
        .find_map(|found| server_of(end, found, listener)))
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

/// Returns `None` if `found` is another socket than the server's end.
fn server_of(
    end: &ConnectionEnd,
    found: &SocketDescription,
    listener: Option<SocketDescription>,
) -> Option<Server> {
    if let Some(user) = end.user_of(found) {
        Some(Server::Of(user))
    } else if end.is_waiting(found) {
        let listener = listener.filter(|it| it.state == LISTEN)?;
        Some(Server::Of(listener.user))
    } else {
        end.is(found).then_some(Server::Closed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::{ConnectionEnd, Server, by_query, canonical, in_tables, server_user};
    use crate::system::user;

    fn end(client: &TcpStream) -> ConnectionEnd {
        ConnectionEnd {
            local: canonical(client.peer_addr().unwrap()),
            remote: canonical(client.local_addr().unwrap()),
        }
    }

    /// Asks both sources.
    fn servers(client: &TcpStream) -> [Option<Server>; 2] {
        let end = end(client);
        let in_tables = in_tables(&end).unwrap();
        // A sandbox may deny the first one.
        [by_query(&end).unwrap_or(in_tables), in_tables]
    }

    fn listen(address: &str) -> Option<(TcpListener, u16)> {
        let listener = TcpListener::bind(address).ok()?;
        let port = listener.local_addr().unwrap().port();
        Some((listener, port))
    }

    #[test]
    fn the_user_of_a_server_is_found_before_and_after_it_accepts() {
        let own = [Some(Server::Of(user::user().unwrap())); 2];
        for (address, to) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("[::]:0", "127.0.0.1"),
            ("127.0.0.1:0", "[::ffff:127.0.0.1]"),
            ("[::1]:0", "[::1]"),
            ("[::]:0", "[::1]"),
        ] {
            let Some((listener, port)) = listen(address) else {
                continue;
            };
            let Ok(client) = TcpStream::connect(format!("{to}:{port}")) else {
                continue;
            };
            assert_eq!(servers(&client), own, "{address} {to}");
            let accepted = listener.accept().unwrap();
            assert_eq!(servers(&client), own, "{address} {to}");
            drop(listener);
            assert_eq!(servers(&client), own, "{address} {to}");
            drop(accepted);
            assert_eq!(servers(&client), [Some(Server::Closed); 2]);
            let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            let error = server_user(ends.0, ends.1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
        }
    }

    #[test]
    fn a_later_listener_on_the_port_is_not_the_server() {
        let (listener, port) = listen("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _accepted = listener.accept().unwrap();
        let end = end(&client);
        let other = ConnectionEnd {
            remote: SocketAddr::from(([127, 0, 0, 1], 1)),
            ..end
        };
        // Without the server's end, a listener is not enough.
        assert_eq!(by_query(&other).unwrap_or(None), None);
        assert_eq!(in_tables(&other).unwrap(), None);
        assert_eq!(server_user(other.remote, other.local).unwrap(), None);
    }
}
