//! `portctl`: the command line of the port registry.
//!
//! The binary of the same name is [`run`] and nothing else.

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
mod import;
mod init;
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
mod version;
mod whose;

pub use crate::run::run;

// For the maker of the manual pages.
#[doc(hidden)]
pub use crate::args::{
    Notes, SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
    with_aliases,
};

/// Describes the command line, for the maker of the manual pages.
#[doc(hidden)]
pub fn command_line() -> argh::CommandInfoWithArgs {
    args::DESCRIPTION.clone()
}
