//! Connections to this machine.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use port_registry::{Port, connect};

use super::shared_limit::SharedLimit;
use crate::sandbox::NoConnections;

const LOOPBACKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// The outcome of connections to a port on the addresses of `localhost`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// A server accepts connections on these addresses, at least one.
    Accepted(Vec<SocketAddr>),
    /// A server neither accepts nor refuses connections, as if the queue of its connections is full.
    Hanging,
    /// Connections are refused.
    Refused,
    Denied(NoConnections),
}

/// Connects to the addresses of `localhost`, which share the time limit.
///
/// A bind would tell as well, but while it lasts, the server's own bind fails.
pub(super) fn reach(port: Port, limit: Duration) -> Reach {
    let mut limits = SharedLimit::new(limit, LOOPBACKS.len());
    let mut accepting = Vec::new();
    let mut errors = Vec::new();
    let mut denied = None;
    for address in LOOPBACKS.map(|ip| SocketAddr::new(ip, port.get())) {
        match connect(address, limits.next()) {
            Ok(()) => accepting.push(address),
            Err(error) => {
                denied = denied.or(NoConnections::of(&error));
                errors.push(error.kind());
            }
        }
    }
    if !accepting.is_empty() {
        Reach::Accepted(accepting)
    } else if errors.contains(&ErrorKind::TimedOut) {
        Reach::Hanging
    } else {
        // A machine may have the addresses of one family only.
        let denied = denied.filter(|_| !errors.contains(&ErrorKind::ConnectionRefused));
        denied.map_or(Reach::Refused, Reach::Denied)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
    use std::time::Duration;

    use port_registry::Port;

    use super::{Reach, reach};

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn only_addresses_that_accept_are_returned() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let port = Port::new(address.port()).unwrap();
        assert_eq!(reach(port, LIMIT), Reach::Accepted(vec![address]));
        if let Ok(second) = TcpListener::bind((Ipv6Addr::LOCALHOST, port.get())) {
            let both = vec![address, second.local_addr().unwrap()];
            assert_eq!(reach(port, LIMIT), Reach::Accepted(both));
        }
        drop(server);
        assert_eq!(reach(port, LIMIT), Reach::Refused);
    }
}
