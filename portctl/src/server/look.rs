//! One look at the port of a service.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use port_registry::{Port, PortUse};

use super::connection::{Reach, reach};
use crate::backend::Backend;
use crate::report::Report;
use crate::whose::Whose;

/// A server on a port.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// The addresses at which it accepts connections. None if it accepts no connection in time.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) in_use: PortUse,
    pub(crate) owner: Whose,
}

/// Looks for a server on a port of the checkout with this root. Returns `None` if connections to it are refused.
///
/// # Errors
///
/// Fails if this process may open no connections, and if the system does not tell how the port is used.
pub(crate) fn look(
    backend: &dyn Backend,
    port: Port,
    root: Option<&Path>,
    limit: Duration,
) -> Result<Option<Server>, Report> {
    // Ask for the listener only then, because that probes the port by a bind.
    let addresses = match reach(port, limit) {
        Reach::Accepted(addresses) => addresses,
        Reach::Hanging => Vec::new(),
        Reach::Refused => return Ok(None),
        Reach::Denied(reason) => {
            let purpose = format!("it cannot tell if a server answers on port {port}");
            return Err(reason.report(&purpose));
        }
    };
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
