//! Sandboxes that keep this process from using the network.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::report::Report;

/// The problem where the system denies connections, even to this machine.
pub(crate) const NO_CONNECTIONS: &str = "this process may not open connections";

/// The problem where the system denies the binding of ports.
pub(crate) const NO_BINDING: &str = "this process may not bind ports";

/// The next step where the system denies the use of the network.
pub(crate) const NEXT_STEP: &str = "run portctl outside of the sandbox";

/// Reports that a command needs connections. `purpose` says what for, to follow "so".
pub(crate) fn report_no_connections(purpose: &str) -> Report {
    Report::new(format!("{NO_CONNECTIONS}, so {purpose}")).hint(NEXT_STEP)
}

/// Tests if this process may bind ports. Binds one that the system chooses, without listening on it.
pub(crate) fn may_bind() -> bool {
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None)
        .and_then(|it| it.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()));
    !bound.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}
