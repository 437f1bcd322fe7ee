//! Listens on the loopback addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use port_registry::{Port, PortUsage, PortUse, Probe, SystemProbe};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, sleep};

use super::error::DaemonError;
use crate::limits;
use crate::log;

/// Time for which binding a port that is in use is retried.
const BIND_TIMEOUT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// Attempts to find a port that is free on both addresses, if the system may choose it.
const CHOICES: u32 = 16;

/// The sockets of a port.
pub(super) struct TcpListeners {
    pub(super) v4: TcpListener,
    /// `None` if the system has no IPv6, or a sandbox denies it.
    pub(super) v6: Option<TcpListener>,
    /// The address of the first one.
    pub(super) address: SocketAddr,
}

/// An address that cannot be listened on.
struct BindFailure {
    address: SocketAddr,
    source: io::Error,
}

/// Listens on a port. Waits a while for a port in use, because it may be that of a daemon that is just
/// ending.
pub(super) async fn listen(port: u16) -> Result<TcpListeners, DaemonError> {
    if port == 0 {
        return choose_port();
    }
    let give_up = Instant::now() + BIND_TIMEOUT;
    let mut is_logged = false;
    loop {
        let BindFailure { address, source } = match try_listen(port) {
            Ok(listeners) => return Ok(listeners),
            Err(failure) => failure,
        };
        let number = match Port::new(port) {
            Ok(number) if source.kind() == io::ErrorKind::AddrInUse => number,
            Ok(number) if may_not_bind(number) => return Err(DaemonError::MayNotBind { source }),
            _ => return Err(DaemonError::Bind { address, source }),
        };
        let in_use = Box::new(PortUse::of_busy(number));
        if Instant::now() >= give_up || !may_be_a_daemon(in_use.usage) {
            return Err(DaemonError::PortInUse { address, in_use });
        }
        if !is_logged {
            log::line(format_args!("waiting for port {port}, which is in use"));
            is_logged = true;
        }
        sleep(PAUSE).await;
    }
}

/// Listens on a port that the system chooses.
fn choose_port() -> Result<TcpListeners, DaemonError> {
    let mut attempts = CHOICES;
    loop {
        attempts -= 1;
        match try_listen(0) {
            Ok(listeners) => return Ok(listeners),
            // The port is free on the first address only.
            Err(BindFailure { address, source })
                if attempts > 0 && address.is_ipv6() && is_in_use(&source) => {}
            Err(BindFailure { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
                return Err(DaemonError::MayNotBind { source });
            }
            Err(BindFailure { address, source }) => {
                return Err(DaemonError::Bind { address, source });
            }
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
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

/// Listens on both loopback addresses, because `localhost` may mean either.
fn try_listen(port: u16) -> Result<TcpListeners, BindFailure> {
    let try_bind = |address| bind(address).map_err(|source| BindFailure { address, source });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let v4 = try_bind(address)?;
    let address = v4
        .local_addr()
        .map_err(|source| BindFailure { address, source })?;
    // Another program that listens there would get requests that are meant for the daemon. Any other error means that
    // there is no IPv6 to listen on.
    let v6 = match try_bind(SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()))) {
        Err(failure) if is_in_use(&failure.source) => return Err(failure),
        v6 => v6.ok(),
    };
    Ok(TcpListeners { v4, v6, address })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        let socket = TcpSocket::new_v6()?;
        SockRef::from(&socket).set_only_v6(true)?;
        socket
    };
    // Connections of an earlier daemon that are still closing must not keep the port. Never set the option
    // on Windows, where it takes the port from its owner.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Accepted connections inherit the size.
    socket.set_send_buffer_size(limits::SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(limits::BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{Ipv6Addr, TcpListener};

    use super::{choose_port, try_listen};
    use crate::api::app_state::tests::block_on;

    #[test]
    fn a_port_is_taken_if_another_program_has_it_on_either_address() {
        block_on(async {
            let listeners = choose_port().unwrap();
            let port = listeners.address.port();
            let v6 = listeners.v6.map(|it| it.local_addr().unwrap());
            assert!(v6.is_none_or(|it| it == (Ipv6Addr::LOCALHOST, port).into()));
            let failure = try_listen(port).err().unwrap();
            assert_eq!(failure.address, listeners.address);
            let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
                return;
            };
            let address = other.local_addr().unwrap();
            let failure = try_listen(address.port()).err().unwrap();
            assert_eq!(failure.address, address);
            assert_eq!(failure.source.kind(), ErrorKind::AddrInUse);
        });
    }
}
