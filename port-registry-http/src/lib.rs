//! The daemon of the port registry: a REST API on the loopback address.
//!
//! It is one more user of the registry's file, beside the programs that open it in process. The
//! binary `port-registry` is this crate with a command line: it makes a [`Config`] and [runs](run)
//! it.
//!
//! The way of a request through the modules: `server` accepts the connection, `connection` lets
//! bytes in within limits, `access` says who may ask at all, `routes` has a file for each thing
//! that can be asked, `decode` makes requests of the registry of what was sent, `writer` commits
//! those that change something in groups and `reader` looks up the others, and `api_error` is what
//! every error is answered by.

mod access;
mod api_error;
mod app_state;
mod bare;
mod body;
mod connection;
mod daemon;
mod decode;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod health;
mod identity;
mod json;
mod limits;
mod log;
mod routes;
mod server;
mod writer;

pub use daemon::{Config, Failure, run};
