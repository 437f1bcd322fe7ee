//! The daemon of the port registry: a REST API on the loopback address.
//!
//! It is one more user of the registry's file, beside the programs that open it in process. The
//! binary `port-registry` is this crate with a command line: it makes a [`Config`] and [runs](run)
//! it.
//!
//! A request passes through these modules: `server` accepts its connection, and `connection` reads it
//! within limits. `access` refuses web pages. `routes` has a file for each resource, and `decode`
//! validates the request. Reads run on blocking threads (`app_state`), and `writer` commits changes in
//! groups. `api_error` maps every error to its response.

mod access;
mod api_error;
mod app_state;
#[doc(hidden)]
pub mod args;
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

/// Describes the command line of the daemon, for the maker of the manual pages.
#[doc(hidden)]
pub fn command_line() -> argh::CommandInfoWithArgs {
    <args::PortRegistry as argh::ArgsInfo>::get_args_info()
}
