//! Starting, stopping and inspecting the daemon with portctl.

mod fixture;
#[cfg(target_os = "linux")]
mod memory;
mod refusals;
mod restarts;
mod starts;
mod supervised;
