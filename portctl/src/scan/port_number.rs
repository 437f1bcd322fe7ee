//! Ports written as decimal numbers.

use port_registry::Port;

/// Parses a port. Unlike `str::parse`, rejects a leading `+`.
pub(super) fn parse_port(text: &str) -> Option<Port> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number
        .then(|| Port::new(text.parse().ok()?).ok())
        .flatten()
}

/// Parses the port of `[HOST:]PORT`.
pub(super) fn parse_port_of_address(address: &str) -> Option<Port> {
    parse_port(address.rsplit(':').next()?)
}
