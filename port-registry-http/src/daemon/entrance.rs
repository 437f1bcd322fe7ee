//! The daemon's sockets: its port on both loopback addresses, and its Unix socket.

use std::net::SocketAddr;
use std::path::Path;

use super::error::DaemonError;
use super::listen::listen;
#[cfg(unix)]
use super::unix_socket::{self, SocketFile};
use crate::connection::listeners::Listeners;

/// The sockets that the daemon listens on, and their addresses.
///
/// Dropping it first removes the file of the Unix socket and then closes the sockets.
#[derive(Debug)]
pub(super) struct Entrance {
    #[cfg(unix)]
    file: Option<SocketFile>,
    pub(super) listeners: Listeners,
    /// The address that is announced.
    pub(super) address: SocketAddr,
    /// The other addresses, as the log shows them.
    pub(super) others: Vec<String>,
}

impl Entrance {
    /// Listens on a port, or on any for 0, and on a Unix socket. Call it only while the daemon's lock is held.
    pub(super) async fn open(port: u16, socket: &Path) -> Result<Entrance, DaemonError> {
        let tcp = listen(port).await?;
        let mut entrance = Entrance {
            #[cfg(unix)]
            file: None,
            listeners: Listeners::default(),
            address: tcp.address,
            others: Vec::new(),
        };
        entrance.listeners.add_tcp(tcp.v4);
        if let Some(v6) = tcp.v6 {
            let address = v6.local_addr()?;
            entrance.others.push(format!("http://{address}"));
            entrance.listeners.add_tcp(v6);
        }
        #[cfg(unix)]
        if let Some((listener, file)) = unix_socket::listen(socket).await? {
            entrance.others.push(format!("unix:{}", socket.display()));
            entrance.listeners.add_unix(listener);
            entrance.file = Some(file);
        }
        #[cfg(not(unix))]
        let _ = socket;
        Ok(entrance)
    }
}
