//! The arguments of `portctl status`.

use argh::{ArgsInfo, FromArgs};

/// Show whether the daemon runs.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "status",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 in both cases. Scripts should use `portctl health`.",
    example = "{command_name}\n{command_name} --json"
)]
pub(crate) struct StatusArgs {
    /// print the status as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
