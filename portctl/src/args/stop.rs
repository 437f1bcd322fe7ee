//! `portctl stop`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Stop the daemon.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "stop",
    help_triggers("-h", "--help", "help"),
    note = "It answers what is under way first. If none runs, the exit code is 1. Nothing\n\
            but the daemon that answers is ever stopped, whatever a pidfile says.",
    example = "{command_name}"
)]
pub(crate) struct Stop {
    /// print what was stopped as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
