//! Stale and forged pidfiles and locks, impostors, and other daemons. `portctl` must report each correctly and never
//! signal a foreign process.

mod addresses;
mod fixture;
#[cfg(target_os = "linux")]
mod namespaces;
mod pidfiles;
#[cfg(target_os = "linux")]
mod users;
mod versions;
