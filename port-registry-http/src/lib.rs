//! The daemon of the port registry: a REST API on the loopback address.
//!
//! The daemon is one more user of the registry's file, beside the programs that open it in process. Make a
//! [`Config`] and [`run`] it, as the binary `port-registry` does.
//!
//! # How a request is handled
//!
//! 1. `daemon` accepts the connection, and `connection` reads it within limits.
//! 2. `api::gate` rejects requests of web pages.
//! 3. `api::routes` has a file for each resource. Its handlers decode the request with `api::decode`.
//! 4. `workers` carries it out: reads on blocking threads, changes in groups on the writer thread.
//! 5. `api_error` maps every error to its response.
//!
//! The main thread handles HTTP and never blocks.

mod api;
mod api_error;
#[doc(hidden)]
pub mod args;
mod clock;
mod connection;
mod daemon;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod host_names;
mod identity;
mod json;
mod limits;
mod log;
mod page;
mod raw_argument;
mod workers;

pub use self::daemon::{Config, DaemonError, run};
pub use self::host_names::HostNames;
pub use port_registry::daemon::{AllowedUsers, AllowedUsersError};

/// Compiles the Rust code of the package's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
