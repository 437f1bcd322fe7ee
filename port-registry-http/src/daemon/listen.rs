//! Listens on the loopback address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use port_registry::{Port, PortUse};
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
        match try_listen(port) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < give_up => {
                if !is_logged {
                    log::line(format_args!("waiting for port {port}, which is in use"));
                    is_logged = true;
                }
                sleep(PAUSE).await;
            }
            Err(source) => {
                return Err(match (source.kind(), Port::new(port)) {
                    (io::ErrorKind::AddrInUse, Ok(number)) => {
                        let in_use = Box::new(PortUse::of_busy(number));
                        DaemonError::PortInUse { port, in_use }
                    }
                    _ => DaemonError::Bind { port, source },
                });
            }
        }
    }
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
