//! The addresses on which servers listen.

use std::net::IpAddr;

use port_registry::Listener;

/// The next step for a server that [`other_addresses`] names.
pub(crate) const LISTEN_ON_LOCALHOST: &str = "make the server listen on localhost";

/// Tells that a listener is on other addresses than those of localhost, to follow its description. Returns `None` if localhost
/// may reach it.
pub(crate) fn other_addresses(listener: &Listener) -> Option<String> {
    if listener.reached().any(Listener::may_be_on_localhost) {
        return None;
    }
    let listens = match listener.others.len() {
        0 => "it listens",
        _ => "they listen",
    };
    let addresses = listener.reached().flat_map(|it| &it.addresses);
    let addresses: Vec<String> = addresses.map(IpAddr::to_string).collect();
    let addresses = addresses.join(" and ");
    Some(format!(
        "; {listens} on {addresses} only, so localhost does not reach it"
    ))
}
