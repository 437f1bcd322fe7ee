//! Listens on the loopback address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use port_registry::{Port, PortUsage, PortUse, Probe, SystemProbe};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, sleep};

use super::error::DaemonError;
use crate::limits;
use crate::log;

/// Time for which binding a port that is in use is retried.
const BIND_TIMEOUT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// Listens on a port. Waits a while for a port in use, because it may be that of a daemon that is just
/// ending.
pub(super) async fn listen(port: u16) -> Result<TcpListener, DaemonError> {
    let give_up = Instant::now() + BIND_TIMEOUT;
    let mut is_logged = false;
    loop {
        let source = match try_listen(port) {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        let number = match Port::new(port) {
            Ok(number) if source.kind() == io::ErrorKind::AddrInUse => number,
            Ok(number) if may_not_bind(number) => return Err(DaemonError::MayNotBind { source }),
            _ => return Err(DaemonError::Bind { port, source }),
        };
        let in_use = Box::new(PortUse::of_busy(number));
        if Instant::now() >= give_up || !may_be_a_daemon(in_use.usage) {
            return Err(DaemonError::PortInUse { port, in_use });
        }
        if !is_logged {
            log::line(format_args!("waiting for port {port}, which is in use"));
            is_logged = true;
        }
        sleep(PAUSE).await;
    }
}

/// Tests if a daemon that is ending may use the port. The connections that it leaves behind would not keep the port, so
/// a connection that does is a client's.
fn may_be_a_daemon(usage: PortUsage) -> bool {
    !matches!(usage, PortUsage::Connected | PortUsage::Closing)
}

/// Tests if this process may bind no port at all.
fn may_not_bind(port: Port) -> bool {
    let verdict = SystemProbe.probe(port);
    verdict.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn try_listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Connections of an earlier daemon that are still closing must not keep the port. Never set the option
    // on Windows, where it takes the port from its owner.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Accepted connections inherit the size.
    socket.set_send_buffer_size(limits::SEND_BUFFER)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(limits::BACKLOG)
}
