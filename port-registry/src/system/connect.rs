//! Connecting to ports on the loopback addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::types::port::Port;

/// Time limit for both addresses together. A port without a server refuses a connection within microseconds.
const TIMEOUT: Duration = Duration::from_millis(50);

/// Tests if a connection to a port succeeds on a loopback address.
///
/// The kernel may forward connections (NAT), as for the published ports of some containers. Then no socket of this machine
/// has the port, and a bind succeeds.
pub(crate) fn succeeds(port: Port) -> bool {
    let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses
        .iter()
        .any(|&ip| connects(SocketAddr::new(ip, port.get()), TIMEOUT / 2))
}

fn connects(address: SocketAddr, timeout: Duration) -> bool {
    let Ok(stream) = TcpStream::connect_timeout(&address, timeout) else {
        return false;
    };
    // The kernel may choose the port itself for this end, which then connects to itself.
    stream.local_addr().is_ok_and(|local| local != address)
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
