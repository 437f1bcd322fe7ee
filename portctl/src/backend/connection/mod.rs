//! Connections of the HTTP client to a daemon, over TCP or a Unix socket.

mod connector;
mod server_check;
mod socket_error;
mod transport;

pub(super) use self::connector::DaemonConnector;
pub(crate) use self::server_check::ForeignServer;
pub(crate) use self::socket_error::SocketProblem;
