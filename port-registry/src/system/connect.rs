//! Connecting to ports on the loopback addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::socket_error::is_unsupported_family;
use crate::types::port::Port;

/// Time limit of a connection. A port without a server refuses one within microseconds.
const TIMEOUT: Duration = Duration::from_millis(50);

/// Tests if the kernel forwards connections to a port that no socket of this machine has (NAT), as it does for the
/// published ports of some containers.
///
/// Only the IPv4 loopback address is tried, because the kernel forwards no others: for `::1` there is no
/// `route_localnet` (`Documentation/networking/ip-sysctl.rst`).
///
/// # Errors
///
/// Returns an error if the system does not try the connection, for example because a sandbox forbids it.
pub(crate) fn is_forwarded(port: Port) -> io::Result<bool> {
    attempt(SocketAddr::from((Ipv4Addr::LOCALHOST, port.get())), TIMEOUT)
}

/// Tests if a connection to a port succeeds on a loopback address.
///
/// # Errors
///
/// Like [`is_forwarded`].
pub(crate) fn succeeds(port: Port) -> io::Result<bool> {
    if is_forwarded(port)? {
        return Ok(true);
    }
    match attempt(SocketAddr::from((Ipv6Addr::LOCALHOST, port.get())), TIMEOUT) {
        // The machine has no such address.
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Ok(false),
        outcome => outcome,
    }
}

/// Connects to an address of this machine, and closes the connection.
///
/// # Errors
///
/// The error of the connection. A socket that is connected to itself counts as refused.
pub fn connect(address: SocketAddr, timeout: Duration) -> io::Result<()> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    if leads_to_server(&stream) {
        Ok(())
    } else {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

fn attempt(address: SocketAddr, timeout: Duration) -> io::Result<bool> {
    match connect(address, timeout) {
        Ok(()) => Ok(true),
        Err(error) if is_answer(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tests if a connection failed because nothing accepts it, rather than because the system did not try it.
fn is_answer(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
    };
    let of_network = [
        ConnectionRefused,
        ConnectionReset,
        HostUnreachable,
        NetworkUnreachable,
        TimedOut,
    ];
    of_network.contains(&error.kind()) || is_unsupported_family(error)
}

/// Returns `false` if a socket is connected to itself. The kernel may choose the port as that of the client, and if
/// nothing listens there, the two ends meet (RFC 9293, section 3.5, "simultaneous open").
fn leads_to_server(stream: &TcpStream) -> bool {
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else {
        return false;
    };
    if local == peer {
        // A reset keeps the closed connection from taking the port for a minute.
        let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
    local != peer
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

    use socket2::{Domain, Socket, Type};

    use super::{leads_to_server, succeeds};
    use crate::types::port::Port;

    #[test]
    fn a_connection_succeeds_only_while_something_listens() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has no such listeners.
            let Ok(server) = TcpListener::bind(address) else {
                continue;
            };
            let port = Port::new(server.local_addr().unwrap().port()).unwrap();
            assert!(succeeds(port).unwrap(), "{address}");
            drop(server);
            assert!(!succeeds(port).unwrap(), "{address}");
        }
    }

    #[test]
    fn socket_that_is_connected_to_itself_leads_to_no_server() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&address.into()).unwrap();
        let own = socket.local_addr().unwrap();
        let connected = socket.connect(&own);
        assert!(
            connected.is_ok() || !cfg!(target_os = "linux"),
            "{connected:?}"
        );
        if connected.is_ok() {
            assert!(!leads_to_server(&socket.into()));
        }
        let server = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        assert!(leads_to_server(&client));
    }
}
