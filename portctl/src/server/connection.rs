//! Connections to this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use port_registry::Port;

const LOOPBACKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Returns the addresses of `localhost` on which a server accepts a connection to the port. `limit` is the time for each.
///
/// A bind would tell as well, but while it lasts, the server's own bind fails.
pub(super) fn accepting(port: Port, limit: Duration) -> Vec<SocketAddr> {
    let addresses = LOOPBACKS.map(|ip| SocketAddr::new(ip, port.get()));
    let accepts = |address: &SocketAddr| {
        TcpStream::connect_timeout(address, limit).is_ok_and(|stream| !is_own(&stream))
    };
    addresses.into_iter().filter(accepts).collect()
}

/// Returns true if a socket is connected to itself. The kernel may choose the port as that of the client, and if nothing
/// listens there, the two ends meet (RFC 9293, section 3.5, "simultaneous open").
fn is_own(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local == peer,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    use port_registry::Port;
    use socket2::{Domain, Socket, Type};

    use super::{accepting, is_own};

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn only_addresses_that_accept_are_returned() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let port = Port::new(address.port()).unwrap();
        assert_eq!(accepting(port, LIMIT), [address]);
        if let Ok(second) = TcpListener::bind((Ipv6Addr::LOCALHOST, port.get())) {
            let expected = [address, second.local_addr().unwrap()];
            assert_eq!(accepting(port, LIMIT), expected);
        }
        drop(server);
    }

    #[test]
    fn socket_that_is_connected_to_itself_is_no_server() {
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
            assert!(is_own(&socket.into()));
        }
        let server = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        assert!(!is_own(&client));
    }
}
