//! `portctl status`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Tell whether the daemon runs.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "status",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 either way; `portctl health` is for scripts.",
    example = "{command_name}\n{command_name} --json"
)]
pub(crate) struct Status {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
