//! Connects to a daemon.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use super::server_check::{check_socket, check_tcp};
use super::transport::SocketTransport;
use crate::address::{Address, ServerUser, SocketPath};

/// Time limit for a connection if a request has none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

/// Opens connections to one address, whatever the URL of a request says.
#[derive(Debug)]
pub(crate) struct DaemonConnector {
    address: Address,
}

impl DaemonConnector {
    pub(crate) fn new(address: Address) -> DaemonConnector {
        DaemonConnector { address }
    }
}

impl<In: Transport> Connector<In> for DaemonConnector {
    type Out = SocketTransport;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<In>,
    ) -> Result<Option<SocketTransport>, Error> {
        let socket = match &self.address {
            Address::Tcp(address) => connect_tcp(&details.addrs, address.user(), details.timeout)?,
            Address::Unix(path) => connect_unix(path, details.timeout)?,
        };
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(SocketTransport::new(socket, buffers)))
    }
}

/// Connects to the first of these addresses that accepts, and whose server may be the daemon.
fn connect_tcp(
    addresses: &ResolvedSocketAddrs,
    user: Option<ServerUser>,
    timeout: NextTimeout,
) -> Result<Socket, Error> {
    let end = Instant::now() + timeout.not_zero().map_or(CONNECT_TIMEOUT, |it| *it);
    let mut failure = io::Error::from(ErrorKind::ConnectionRefused);
    for (index, &address) in addresses.iter().enumerate() {
        // Leave half of the time to the addresses that follow.
        let left = end.saturating_duration_since(Instant::now());
        let share = if index + 1 < addresses.len() {
            left / 2
        } else {
            left
        };
        if share.is_zero() {
            return Err(Error::Timeout(timeout.reason));
        }
        match connect_one(address, user, share) {
            Ok(socket) => return Ok(socket),
            // The other errors say more.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => failure = error,
        }
    }
    Err(match failure.kind() {
        ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
        _ => failure.into(),
    })
}

fn connect_one(
    address: SocketAddr,
    user: Option<ServerUser>,
    timeout: Duration,
) -> io::Result<Socket> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    if stream.local_addr()? == stream.peer_addr()? {
        // The kernel has chosen the same port for this end, which is possible for an ephemeral port without a listener.
        // Reset the connection, so that it does not keep the port.
        let socket = Socket::from(stream);
        socket.set_linger(Some(Duration::ZERO))?;
        return Err(ErrorKind::ConnectionRefused.into());
    }
    check_tcp(&stream, user)?;
    stream.set_nodelay(true)?;
    Ok(stream.into())
}

fn connect_unix(path: &SocketPath, timeout: NextTimeout) -> Result<Socket, Error> {
    let address = SockAddr::unix(path.path())?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Connecting waits for this long if the queue of the listener is full.
    socket.set_write_timeout(timeout.not_zero().map(|it| *it))?;
    match socket.connect(&address) {
        Ok(()) => {
            check_socket(path)?;
            Ok(socket)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Error::Timeout(timeout.reason)),
        Err(error) => Err(error.into()),
    }
}
