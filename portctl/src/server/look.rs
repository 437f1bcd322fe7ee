//! One look at the port of a service.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use port_registry::{Port, PortUse};

use super::connection::accepting;
use crate::backend::{Backend, BackendError};
use crate::whose::Whose;

/// A server that accepts connections on a port.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// The addresses at which it accepts them, at least one.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) in_use: PortUse,
    pub(crate) owner: Whose,
}

/// Looks for a server on a port of the checkout with this root. Returns `None` if nothing accepts a connection within the
/// time limit.
pub(crate) fn look(
    backend: &dyn Backend,
    port: Port,
    root: Option<&Path>,
    limit: Duration,
) -> Result<Option<Server>, BackendError> {
    // Ask for the listener only then, because that probes the port by a bind.
    let addresses = accepting(port, limit);
    if addresses.is_empty() {
        return Ok(None);
    }
    let Some(in_use) = backend.check(port)?.in_use else {
        // It ended between the two.
        return Ok(None);
    };
    let owner = Whose::of(&in_use, root);
    let server = Server {
        addresses,
        in_use,
        owner,
    };
    Ok((server.owner != Whose::Nobody).then_some(server))
}
