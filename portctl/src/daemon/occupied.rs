//! The port of the daemon's address when something else has it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

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

/// Reports a port on which the daemon could not listen, although no server answers there: the local end of a client's
/// connection, for example. Returns `None` if the daemon can listen.
///
/// Whatever it is, the daemon would wait in vain, because no other daemon of this user is ending: the caller has seen
/// that nobody holds the daemon's lock.
pub(super) fn report_unusable_port(address: &TcpAddress) -> Option<Report> {
    match try_bind(address.port()) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        // The daemon reports other errors itself.
        _ => return None,
    }
    let port_use = port_use(address)?;
    let hint = match port_use.usage {
        PortUsage::Closing => format!("try again in a minute, or {}", other_port(address)),
        _ => other_port(address),
    };
    let report = Report::new(format!(
        "the daemon cannot listen at {address}: the port is {port_use}"
    ));
    Some(report.in_use(Some(port_use)).hint(hint))
}

/// Finds the use of an address's port.
fn port_use(address: &TcpAddress) -> Option<PortUse> {
    Port::new(address.port()).ok().map(PortUse::of_busy)
}

/// Binds a port as the daemon does, without listening on it.
fn try_bind(port: u16) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // On Windows, the option would take the port from its owner.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())
}
