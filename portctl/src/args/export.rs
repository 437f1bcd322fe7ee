//! `portctl export`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Print all allocations as JSON, for `portctl import`.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "export",
    help_triggers("-h", "--help", "help"),
    note = "It is what `portctl list --all --json` prints, one allocation a line.",
    example = "{command_name} > ports.json"
)]
pub(crate) struct Export {
    /// tell of errors as JSON, too
    #[argh(switch)]
    pub(crate) json: bool,
}
