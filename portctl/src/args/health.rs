//! `portctl health`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Tell by the exit code whether a healthy daemon answers.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "health",
    help_triggers("-h", "--help", "help"),
    note = "It is 0 only if a port-registry answers, and its store can serve.",
    example = "{command_name} || portctl start"
)]
pub(crate) struct Health {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
