//! Connecting to ports on the loopback addresses.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use crate::types::port::Port;

/// Time limit of a connection. A port without a server refuses one within microseconds.
const TIMEOUT: Duration = Duration::from_millis(50);

/// Tests if the kernel forwards connections to a port that no socket of this machine has (NAT), as it does for the
/// published ports of some containers.
///
/// Only the IPv4 loopback address is tried, because the kernel forwards no others: for `::1` there is no
/// `route_localnet` (`Documentation/networking/ip-sysctl.rst`).
pub(crate) fn is_forwarded(port: Port) -> bool {
    connects(SocketAddr::from((Ipv4Addr::LOCALHOST, port.get())))
}

/// Tests if a connection to a port succeeds on a loopback address.
pub(crate) fn succeeds(port: Port) -> bool {
    is_forwarded(port) || connects(SocketAddr::from((Ipv6Addr::LOCALHOST, port.get())))
}

fn connects(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect_timeout(&address, TIMEOUT) else {
        return false;
    };
    let is_server = stream.local_addr().is_ok_and(|local| local != address);
    if !is_server {
        // The kernel has chosen the port itself for this end, which has connected to itself. A reset keeps the closed
        // connection from taking the port for a minute.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
    is_server
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::succeeds;
    use crate::types::port::Port;

    #[test]
    fn a_connection_succeeds_only_while_something_listens() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has no such listeners.
            let Ok(server) = TcpListener::bind(address) else {
                continue;
            };
            let port = Port::new(server.local_addr().unwrap().port()).unwrap();
            assert!(succeeds(port), "{address}");
            drop(server);
            assert!(!succeeds(port), "{address}");
        }
    }
}
