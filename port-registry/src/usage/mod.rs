//! The use of ports on this machine: the sockets that have them, the processes behind those, and their checkouts.

#[cfg(all(feature = "listeners", not(target_os = "linux")))]
mod by_crate;
pub(crate) mod checkout_evidence;
#[cfg(all(feature = "listeners", unix))]
mod containers;
#[cfg(feature = "listeners")]
mod evidence;
mod forwarder;
#[cfg(all(feature = "listeners", target_os = "linux"))]
mod holders;
#[cfg(feature = "listeners")]
mod joined;
pub(crate) mod listener;
pub(crate) mod port_use;
#[cfg(all(feature = "listeners", target_os = "linux"))]
mod processes;
#[cfg(feature = "listeners")]
pub(crate) mod search;
#[cfg(feature = "listeners")]
pub(crate) mod wanted;
