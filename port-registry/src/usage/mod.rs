//! The use of ports on this machine: the sockets that have them, the processes behind those, and their checkouts.

#[cfg(all(feature = "listeners", unix))]
mod containers;
#[cfg(feature = "listeners")]
mod evidence;
pub(crate) mod forwarder;
pub(crate) mod listener;
pub(crate) mod port_use;
#[cfg(all(feature = "listeners", target_os = "linux"))]
mod processes;
#[cfg(feature = "listeners")]
pub(crate) mod search;
