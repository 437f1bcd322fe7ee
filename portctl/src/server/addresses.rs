//! The addresses on which servers listen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use port_registry::{Listener, Port, listening_addresses};

use super::connection::LOOPBACKS;

/// The next step for a server that [`OtherAddresses`] names.
pub(crate) const LISTEN_ON_LOCALHOST: &str = "make the server listen on localhost";

/// The addresses of servers that localhost does not reach, by port.
#[derive(Debug)]
pub(crate) struct OtherAddresses(BTreeMap<Port, Vec<IpAddr>>);

impl OtherAddresses {
    /// Looks up the ports that are wanted.
    pub(crate) fn of(is_wanted: impl Fn(Port) -> bool) -> OtherAddresses {
        let mut addresses = listening_addresses(is_wanted);
        addresses.retain(|_, all| !all.iter().any(is_localhost));
        OtherAddresses(addresses)
    }

    /// Tells that a port is used on other addresses only, to follow its use. Returns `None` if localhost may reach it.
    pub(crate) fn described(&self, port: Port, listener: Option<&Listener>) -> Option<String> {
        let addresses: Vec<String> = self.0.get(&port)?.iter().map(IpAddr::to_string).collect();
        let is_one = listener.is_none_or(|it| it.others.is_empty());
        let listens = if is_one { "it listens" } else { "they listen" };
        let addresses = addresses.join(" and ");
        Some(format!(
            "; {listens} on {addresses} only, so localhost does not reach it"
        ))
    }
}

/// Tests if a client of localhost reaches a server that listens on an address.
fn is_localhost(address: &IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_unspecified() || LOOPBACKS.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::is_localhost;

    #[test]
    fn localhost_reaches_its_own_and_the_wildcard_addresses() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("::1", true),
            ("::", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("192.168.0.7", false),
            ("fe80::1", false),
        ] {
            assert_eq!(
                is_localhost(&address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
}
