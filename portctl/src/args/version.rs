//! The arguments of `portctl version`.

use argh::{ArgsInfo, FromArgs};

/// Show the version of portctl, and of the daemon if one answers.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "version",
    help_triggers("-h", "--help", "help"),
    note = "If PORT_REGISTRY_ADDR names a daemon that does not answer, the exit code is 1. \
            `portctl --version` does not ask the daemon.",
    example = "{command_name}"
)]
pub(crate) struct VersionArgs {
    /// print the versions as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
