//! The output and exit codes of portctl.

mod allocating;
mod environment;
mod fixture;
mod help;
#[cfg(unix)]
mod hints;
mod listing;
mod mistakes;
mod notes;
mod syntax;
mod terminal;
