//! Connections of the HTTP client to a daemon, over TCP or a Unix socket.

mod connector;
mod socket_error;
mod transport;

pub(super) use self::connector::DaemonConnector;
pub(crate) use self::socket_error::SocketProblem;
