//! Reports of the servers on the ports of services.

use port_registry::Allocation;

use super::invocation::Invocation;
use crate::backend::Backend;
use crate::output::wording;
use crate::report::Report;
use crate::server::Server;

/// Reports a server that belongs to another checkout.
pub(super) fn foreign(invocation: &Invocation, allocation: &Allocation, server: &Server) -> Report {
    let service = [allocation.key.service()];
    let line = invocation.of("move").with(&service);
    Report::new(described(allocation, server))
        .holder(allocation.clone())
        .in_use(Some(server.in_use.clone()))
        .hint(format!("`{line}` gives the service another port"))
}

/// Describes a port that accepts no connection on localhost.
pub(super) fn silent(backend: &dyn Backend, allocation: &Allocation) -> String {
    let (port, key) = (allocation.port, &allocation.key);
    // A server may listen on another address only.
    if let Some(in_use) = backend.check(port).ok().and_then(|it| it.in_use) {
        return format!("port {port} of {key} accepts no connection on localhost, but is {in_use}");
    }
    let status = backend.status(vec![allocation.clone()]).unwrap_or_default();
    let strays = status.iter().flat_map(|it| &it.elsewhere);
    let strays = strays.map(|it| {
        let (process, port) = (&it.listener, wording::stray_port(it));
        format!("; {process} of the same checkout listens on {port}")
    });
    let strays: String = strays.collect();
    format!("nothing listens on port {port} of {key}{strays}")
}

/// Names the process that listens on the port of a service, and its checkout or the reason why that is unknown.
pub(super) fn described(allocation: &Allocation, server: &Server) -> String {
    format!(
        "port {} of {} is {}{}",
        allocation.port, allocation.key, server.in_use, server.owner
    )
}
