//! Daemons that `PORT_REGISTRY_ADDR` names by a Unix socket.

mod commands;
mod errors;
#[cfg(target_os = "linux")]
mod networks;
mod relay;
