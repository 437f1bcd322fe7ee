//! Tests of the daemon: its program and its HTTP API.

mod access;
#[cfg(target_os = "linux")]
mod clients;
// These tests wait longest. The runner goes by the names, so they start early and others run beside them.
#[cfg(target_os = "linux")]
mod client_limits;
#[cfg(unix)]
mod contract;
mod load;
mod page;
#[cfg(unix)]
mod program;
#[cfg(target_os = "linux")]
mod users;
