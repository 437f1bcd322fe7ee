//! Names for the published ports of a Compose service.

use port_registry::Port;

/// Returns names for a published port, the best one first. The first that no other port of the project has is its name.
pub(crate) fn port_names(service: &str, host: Port, container: u16) -> [String; 4] {
    [
        service.to_owned(),
        format!("{service}-{container}"),
        format!("{service}-{host}"),
        format!("{service}-{host}-{container}"),
    ]
}
