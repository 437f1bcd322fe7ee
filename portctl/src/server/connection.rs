//! Connections to this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use port_registry::{Port, connects};

use super::shared_limit::SharedLimit;

const LOOPBACKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Returns the addresses of `localhost` on which a server accepts a connection to the port. The addresses
/// share the time limit.
///
/// A bind would tell as well, but while it lasts, the server's own bind fails.
pub(super) fn accepting(port: Port, limit: Duration) -> Vec<SocketAddr> {
    let addresses = LOOPBACKS.map(|ip| SocketAddr::new(ip, port.get()));
    let mut limits = SharedLimit::new(limit, addresses.len());
    let addresses = addresses.into_iter();
    addresses
        .filter(|it| connects(*it, limits.next()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
    use std::time::Duration;

    use port_registry::Port;

    use super::accepting;

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
}
