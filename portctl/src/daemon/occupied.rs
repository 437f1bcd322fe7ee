//! The port of the daemon's address when something else has it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use port_registry::{Port, PortUsage, PortUse};
use socket2::{Domain, Socket, Type};

use super::advice::other_port;
use crate::address::TcpAddress;
use crate::backend::ClientError;
use crate::report::Report;

/// Reports a server at the address that is not this user's daemon.
pub(super) fn report_server(address: &TcpAddress, error: &ClientError) -> Report {
    let what = match error {
        ClientError::Silent { .. } => "which does not answer".to_owned(),
        ClientError::Refused { error, .. } => {
            format!("a port-registry daemon that refuses: {error}")
        }
        ClientError::Foreign { server, .. } => format!("whose server {server}"),
        ClientError::NotUnderstood { .. } => "a port-registry daemon of another version".to_owned(),
        _ => "which is not port-registry".to_owned(),
    };
    let port_use = port_use(address);
    let by = match &port_use {
        Some(port_use) if port_use.listener.is_some() => port_use.to_string(),
        _ => "in use by another process".to_owned(),
    };
    Report::new(format!("{address} is {by}, {what}"))
        .in_use(port_use)
        .hint(other_port(address))
}

/// Reports a port on which the daemon could not listen, although no server answers there. The port may be the local end of a
/// client's connection, for example. Returns `None` if the daemon can listen.
///
/// The caller has seen that no process holds the daemon's lock. So the daemon would wait in vain for the port, because no
/// other daemon of this user is about to end.
pub(super) fn report_unusable_port(address: &TcpAddress) -> Option<Report> {
    let port = address.port();
    let mut addresses = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ]
    .into_iter();
    let taken = addresses.find(|&it| {
        // The daemon reports other errors itself.
        try_bind(it).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    })?;
    let port_use = port_use(address)?;
    let hint = match port_use.usage {
        PortUsage::Closing => format!("try again in a minute, or {}", other_port(address)),
        _ => other_port(address),
    };
    let report = Report::new(format!(
        "the daemon cannot listen at {taken}: the port is {port_use}"
    ));
    Some(report.in_use(Some(port_use)).hint(hint))
}

/// Finds the use of an address's port.
fn port_use(address: &TcpAddress) -> Option<PortUse> {
    Port::new(address.port()).ok().map(PortUse::of_busy)
}

/// Binds an address as the daemon does, without listening on it.
fn try_bind(address: SocketAddr) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Windows, the option would take the port from its owner.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}
