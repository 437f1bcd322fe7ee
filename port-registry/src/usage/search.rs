//! Searching the system for the processes that have ports open.

use std::collections::BTreeMap;
use std::path::Path;

#[cfg(not(target_os = "linux"))]
use super::by_crate;
#[cfg(target_os = "linux")]
use super::holders;
use super::listener::Listener;
use super::wanted::Wanted;
#[cfg(target_os = "linux")]
use crate::system::sock_diag::listening::listening;
use crate::system::tcp_table::{self, SocketState, TcpSocket};
use crate::types::port::Port;

/// The listening sockets of a machine.
#[derive(Debug)]
pub(crate) struct ListeningSockets {
    /// `None` on systems that do not show the sockets of all users.
    sockets: Option<Vec<TcpSocket>>,
}

impl ListeningSockets {
    pub(crate) fn read() -> ListeningSockets {
        #[cfg(target_os = "linux")]
        if let Ok(sockets) = listening() {
            let sockets = Some(sockets);
            return ListeningSockets { sockets };
        }
        let sockets = tcp_table::sockets(|_| true).map(|mut all| {
            all.retain(|it| it.state == SocketState::Listening);
            all
        });
        ListeningSockets { sockets }
    }

    /// Returns `true` if a port without a socket certainly has no listener.
    pub(crate) fn are_complete(&self) -> bool {
        self.sockets.is_some()
    }

    /// Returns `false` if a port certainly has no listener.
    pub(crate) fn may_have(&self, port: Port) -> bool {
        let sockets = self.sockets.as_ref();
        sockets.is_none_or(|all| all.iter().any(|it| it.port == port))
    }

    /// Finds the processes on the ports that are wanted.
    pub(crate) fn listeners(&self, wanted: &Wanted) -> BTreeMap<Port, Listener> {
        listeners(self.sockets.as_deref().unwrap_or_default(), wanted)
    }
}

/// Finds the process that has one of these sockets of a port open.
pub(super) fn listener(
    port: Port,
    sockets: &[TcpSocket],
    is_recorded: &dyn Fn(&Path) -> bool,
) -> Option<Listener> {
    let wanted = Wanted {
        ports: &|it| it == port,
        contained: &|_| true,
        is_recorded,
    };
    listeners(sockets, &wanted).remove(&port)
}

#[cfg(target_os = "linux")]
fn listeners(sockets: &[TcpSocket], wanted: &Wanted) -> BTreeMap<Port, Listener> {
    let sockets = sockets.iter().filter(|it| (wanted.ports)(it.port));
    let sockets: Vec<TcpSocket> = sockets.copied().collect();
    holders::of_sockets(&sockets, wanted)
}

#[cfg(not(target_os = "linux"))]
fn listeners(_: &[TcpSocket], wanted: &Wanted) -> BTreeMap<Port, Listener> {
    by_crate::listeners(wanted)
}
