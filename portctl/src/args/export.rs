//! The arguments of `portctl export`.

use argh::{ArgsInfo, FromArgs};

/// Print all allocations as JSON, for `portctl import`.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "export",
    help_triggers("-h", "--help", "help"),
    note = "The output is that of `portctl list --all --json`, one allocation per line.",
    example = "{command_name} > ports.json"
)]
pub(crate) struct ExportArgs {
    /// print the errors as JSON, too
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
