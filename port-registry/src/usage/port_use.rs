//! The use of a port that is not free.

use std::fmt;
use std::path::Path;

#[cfg(feature = "listeners")]
use super::joined;
use super::listener::Listener;
#[cfg(feature = "listeners")]
use super::search;
use crate::system::connect;
use crate::system::tcp_table::{self, SocketState, TcpSocket};
use crate::types::port::Port;

/// The use of a port on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PortUse {
    /// The kind of use.
    pub usage: PortUsage,
    /// The process that has the port open, as far as the system tells.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub listener: Option<Listener>,
}

/// The kind of use of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PortUsage {
    /// A process listens on it.
    Listening,
    /// A connection that a process has open uses it as its local port.
    Connected,
    /// A connection that was closed keeps it for some minutes (`TIME_WAIT`, RFC 9293).
    Closing,
    /// A process has bound it and does not listen.
    Bound,
    /// Connections to it succeed, although no process listens on it: the kernel forwards them, for example to a
    /// container.
    Forwarded,
    /// It is in use, and the system does not tell how.
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

impl PortUsage {
    /// Tests if a server may be reached at the port.
    pub fn may_listen(self) -> bool {
        match self {
            PortUsage::Listening | PortUsage::Forwarded | PortUsage::Unknown => true,
            PortUsage::Connected | PortUsage::Closing | PortUsage::Bound => false,
        }
    }
}

impl PortUse {
    /// Finds the use of a port that a probe has found to be [busy](crate::Verdict::Busy).
    ///
    /// With the feature `listeners`, it searches all processes, which takes milliseconds.
    pub fn of_busy(port: Port) -> PortUse {
        PortUse::find(port, &|_| false)
    }

    /// Like [`of_busy`](Self::of_busy). `is_recorded` returns `true` for a folder outside of git that is a checkout.
    pub(crate) fn find(port: Port, is_recorded: &dyn Fn(&Path) -> bool) -> PortUse {
        let read = || tcp_table::sockets(|it| it == port);
        // The kernel reads out the table piece by piece, and may skip a socket while others come and go.
        let sockets = read().and_then(|it| if it.is_empty() { read() } else { Some(it) });
        let (usage, sockets) = match sockets {
            Some(sockets) => usage_of(port, sockets),
            None => (PortUsage::Unknown, Vec::new()),
        };
        let listener = listener(port, usage, &sockets, is_recorded);
        let usage = match (usage, &listener) {
            // Without a table, the processes tell.
            (PortUsage::Unknown, Some(_)) => PortUsage::Listening,
            _ => usage,
        };
        PortUse { usage, listener }
    }
}

/// Returns the use of a port, and the sockets that show it.
fn usage_of(port: Port, sockets: Vec<TcpSocket>) -> (PortUsage, Vec<TcpSocket>) {
    for (state, usage) in [
        (SocketState::Listening, PortUsage::Listening),
        (SocketState::Connected, PortUsage::Connected),
        (SocketState::Closing, PortUsage::Closing),
    ] {
        let of_state = sockets.iter().filter(|it| it.state == state);
        let of_state: Vec<TcpSocket> = of_state.copied().collect();
        if !of_state.is_empty() {
            return (usage, of_state);
        }
    }
    let usage = match connect::is_forwarded(port) {
        Ok(true) => PortUsage::Forwarded,
        Ok(false) => PortUsage::Bound,
        Err(_) => PortUsage::Unknown,
    };
    (usage, sockets)
}

/// Finds the process that uses a port in this way.
#[cfg(feature = "listeners")]
fn listener(
    port: Port,
    usage: PortUsage,
    sockets: &[TcpSocket],
    is_recorded: &dyn Fn(&Path) -> bool,
) -> Option<Listener> {
    match usage {
        PortUsage::Forwarded => joined::container_of(port, is_recorded),
        PortUsage::Closing => None,
        _ => search::listener(port, sockets, is_recorded),
    }
}

#[cfg(not(feature = "listeners"))]
fn listener(_: Port, _: PortUsage, _: &[TcpSocket], _: &dyn Fn(&Path) -> bool) -> Option<Listener> {
    None
}

/// Describes the use as in `in use by node (pid 4711, in /home/me/shop)`, to follow `port 3000 is`. Escape the text
/// before you show it on a terminal, because names of processes and folders may contain control characters.
impl fmt::Display for PortUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.usage, &self.listener) {
            (PortUsage::Listening | PortUsage::Unknown, Some(listener)) => {
                write!(f, "in use by {listener}")
            }
            (PortUsage::Listening | PortUsage::Unknown, None) => f.write_str("in use"),
            (PortUsage::Connected, Some(process)) => {
                write!(f, "in use by a connection of {process}")
            }
            (PortUsage::Connected, None) => f.write_str("in use by a connection"),
            (PortUsage::Closing, _) => f.write_str("kept by a connection that was just closed"),
            (PortUsage::Bound, _) => f.write_str("bound by a process that does not listen on it"),
            (PortUsage::Forwarded, Some(container)) => write!(f, "forwarded to {container}"),
            (PortUsage::Forwarded, None) => {
                f.write_str("forwarded by the system, for example to a container")
            }
        }
    }
}
