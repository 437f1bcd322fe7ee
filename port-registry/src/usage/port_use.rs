//! The use of a port that is not free.

use std::fmt;
use std::path::Path;

#[cfg(all(feature = "listeners", not(target_os = "linux")))]
use super::by_crate;
#[cfg(all(feature = "listeners", target_os = "linux"))]
use super::holders;
#[cfg(feature = "listeners")]
use super::joined;
use super::listener::Listener;
use crate::system::connect;
use crate::system::tcp_table::{self, SocketState};
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

    /// Like [`of_busy`](Self::of_busy). `is_recorded` tells which folders outside of git are checkouts.
    pub(crate) fn find(port: Port, is_recorded: &dyn Fn(&Path) -> bool) -> PortUse {
        let read = || tcp_table::sockets(|it| it == port);
        // The kernel reads out the table piece by piece, and may skip a socket while others come and go.
        let sockets = read().and_then(|it| if it.is_empty() { read() } else { Some(it) });
        let Some(sockets) = sockets else {
            return find_without_tables(port, is_recorded);
        };
        let has = |state| sockets.iter().any(|it| it.state == state);
        let (usage, state) = if has(SocketState::Listening) {
            (PortUsage::Listening, SocketState::Listening)
        } else if has(SocketState::Connected) {
            (PortUsage::Connected, SocketState::Connected)
        } else if has(SocketState::Closing) {
            return PortUse::of(PortUsage::Closing);
        } else if connect::is_forwarded(port) {
            return PortUse {
                usage: PortUsage::Forwarded,
                listener: forwarded(port, is_recorded),
            };
        } else {
            return PortUse::of(PortUsage::Bound);
        };
        let sockets: Vec<_> = sockets.into_iter().filter(|it| it.state == state).collect();
        PortUse {
            usage,
            listener: listener(&sockets, is_recorded),
        }
    }

    fn of(usage: PortUsage) -> PortUse {
        PortUse {
            usage,
            listener: None,
        }
    }
}

#[cfg(all(feature = "listeners", target_os = "linux"))]
fn listener(
    sockets: &[tcp_table::TcpSocket],
    is_recorded: &dyn Fn(&Path) -> bool,
) -> Option<Listener> {
    holders::of_sockets(sockets, is_recorded)
        .into_values()
        .next()
}

#[cfg(not(all(feature = "listeners", target_os = "linux")))]
fn listener(_: &[tcp_table::TcpSocket], _: &dyn Fn(&Path) -> bool) -> Option<Listener> {
    None
}

#[cfg(feature = "listeners")]
fn forwarded(port: Port, is_recorded: &dyn Fn(&Path) -> bool) -> Option<Listener> {
    joined::container_of(port, is_recorded)
}

#[cfg(not(feature = "listeners"))]
fn forwarded(_: Port, _: &dyn Fn(&Path) -> bool) -> Option<Listener> {
    None
}

/// Finds the use of a port on systems without tables of sockets.
#[cfg(all(feature = "listeners", not(target_os = "linux")))]
fn find_without_tables(port: Port, is_recorded: &dyn Fn(&Path) -> bool) -> PortUse {
    let listener = by_crate::listeners(&|it| it == port, is_recorded).remove(&port);
    PortUse {
        usage: match listener {
            Some(_) => PortUsage::Listening,
            None => PortUsage::Unknown,
        },
        listener,
    }
}

#[cfg(not(all(feature = "listeners", not(target_os = "linux"))))]
fn find_without_tables(_: Port, _: &dyn Fn(&Path) -> bool) -> PortUse {
    PortUse::of(PortUsage::Unknown)
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
