//! Tests of the daemon: its program and its HTTP API.

mod access;
#[cfg(unix)]
mod contract;
mod load;
#[cfg(unix)]
mod program;
#[cfg(target_os = "linux")]
mod slow_clients;
