//! Everyday use of `portctl`: exporting ports as variables, checking ports, importing allocations, and pruning them.
//! Each test runs in process and through a daemon.

mod env;
#[cfg(target_os = "linux")]
mod env_attributes;
mod env_compose;
mod env_copies;
mod env_links;
mod env_targets;
mod hints;
mod importing;
#[cfg(target_os = "linux")]
mod listeners;
pub(crate) mod machine;
#[cfg(target_os = "linux")]
mod opening;
mod pruning;
mod registering;
mod releasing;
mod urls;
mod variables;
#[cfg(target_os = "linux")]
mod waiting;
mod waiting_owners;
