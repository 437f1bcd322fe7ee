//! Test support: fixtures, a model of the registry, and a linearizability checker.
//!
//! Never read or change the environment of the test's process: all tests of a package run in parallel in
//! one process. Tests start the helper programs in `src/bin`.

#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    reason = "only tests use this package, and a fixture that cannot be set up fails its test"
)]

/// The Rust code of the README, which runs as documentation tests. No published package may refer to it.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

pub mod checker;
mod conditions;
pub mod daemon;
mod foreign_store;
pub mod helper;
pub mod locks;
pub mod model;
pub mod namespace;
mod ports;
mod programs;
mod ran;
mod sandbox;
pub mod snapshots;
pub mod store_files;
pub mod torture;
#[cfg(unix)]
mod users;

#[cfg(target_os = "linux")]
pub use conditions::set_limit;
pub use conditions::{folder_in_memory, is_available, soak, wait_for_exit, wait_until};
pub use foreign_store::open_as_store;
pub use ports::{
    free_block, free_port, listener, occupant, occupant_by, occupant_in, occupant_of,
    occupant_of_in, user_of,
};
pub use programs::{install, install_script, installed, path_with, program};
pub use ran::Ran;
pub use sandbox::Sandbox;
#[cfg(unix)]
pub use users::{NOBODY, STRANGER, give_away};
