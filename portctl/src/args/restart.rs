//! The arguments of `portctl restart`.

use argh::{ArgsInfo, FromArgs};

/// Stop the daemon if it runs, and start it.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "restart",
    help_triggers("-h", "--help", "help"),
    example = "{command_name}"
)]
pub(crate) struct RestartArgs {
    /// print the new daemon as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
