//! `portctl version`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Show the version of portctl, and of the daemon if one answers.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "version",
    help_triggers("-h", "--help", "help"),
    note = "If PORT_REGISTRY_ADDR names a daemon and none answers there, the exit code\n\
            is 1. `portctl --version` asks no daemon.",
    example = "{command_name}"
)]
pub(crate) struct Version {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
