//! `portctl`: the command line of the port registry.
//!
//! This library is the program without its `main`, so that tests and the maker of the manual pages can use it. The
//! binary is [`run`] and nothing else. For a Rust program that needs ports, use the crate `port-registry`.
//!
//! A command passes these modules:
//!
//! 1. `args` parses the words, and `environment` reads the variables.
//! 2. `command` has a module for each command.
//! 3. `checkout` finds the checkout of the current folder, and `declared` reads its `portctl.toml`.
//! 4. `backend` asks the registry's file, or the daemon that `PORT_REGISTRY_ADDR` names.
//! 5. `output` prints the result, as text or as JSON. `command_error` maps each error to its message and exit code.

mod address;
mod args;
mod backend;
mod browser;
mod checkout;
mod command;
mod command_error;
mod completion;
mod compose;
mod conflict;
mod daemon;
mod declared;
mod doctor;
mod env_file;
mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hook;
mod import;
mod init;
mod marked_text;
mod output;
mod path;
mod programs;
mod pruning;
mod registration;
mod report;
mod rewrite;
mod run;
mod sandbox;
mod scan;
mod server;
mod service_name;
mod service_url;
mod skill;
mod suggestion;
mod time_limit;
mod version;
mod whose;

pub use crate::run::run;

// For the maker of the manual pages.
#[doc(hidden)]
pub use crate::args::{
    GROUPS, Notes, SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
    with_aliases,
};

/// Describes the command line, for the maker of the manual pages.
#[doc(hidden)]
pub fn command_line() -> argh::CommandInfoWithArgs {
    args::DESCRIPTION.clone()
}
