//! The arguments of `portctl stop`.

use argh::{ArgsInfo, FromArgs};

/// Stop the daemon.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "stop",
    help_triggers("-h", "--help", "help"),
    note = "The daemon finishes the requests in progress first. If none runs, the exit code is \
            1. Only the daemon that answers is stopped, whatever the pidfile says.",
    example = "{command_name}"
)]
pub(crate) struct StopArgs {
    /// print the stopped daemon as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
