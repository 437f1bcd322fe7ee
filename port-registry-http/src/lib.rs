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

mod api;
mod api_error;
#[doc(hidden)]
pub mod args;
mod connection;
mod daemon;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod identity;
mod json;
mod limits;
mod log;
mod workers;

pub use daemon::{Config, Failure, run};

/// Describes the command line of the daemon, for the maker of the manual pages.
#[doc(hidden)]
pub fn command_line() -> argh::CommandInfoWithArgs {
    <args::PortRegistry as argh::ArgsInfo>::get_args_info()
}
