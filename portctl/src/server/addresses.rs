//! The addresses on which servers listen.

use std::iter;
use std::net::IpAddr;

use port_registry::Listener;

use super::connection::LOOPBACKS;

/// The next step for a server that [`other_addresses`] names.
pub(crate) const LISTEN_ON_LOCALHOST: &str = "make the server listen on localhost";

/// Tells that a listener is on other addresses than those of localhost, to follow its description. Returns `None` if localhost
/// may reach it.
pub(crate) fn other_addresses(listener: &Listener) -> Option<String> {
    let all = iter::once(listener).chain(&listener.others);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for one in all {
        if one.addresses.is_empty() || one.addresses.iter().any(is_localhost) {
            return None;
        }
        addresses.extend(&one.addresses);
    }
    let listens = match listener.others.len() {
        0 => "it listens",
        _ => "they listen",
    };
    let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let addresses = addresses.join(" and ");
    Some(format!(
        "; {listens} on {addresses} only, so localhost does not reach it"
    ))
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
