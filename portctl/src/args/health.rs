//! The arguments of `portctl health`.

use argh::{ArgsInfo, FromArgs};

/// Check whether the daemon is healthy.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "health",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 only if a daemon answers and can use its store.",
    example = "{command_name} || portctl start"
)]
pub(crate) struct HealthArgs {
    /// print the health as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
