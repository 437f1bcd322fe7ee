//! The arguments of `portctl prune`.

use argh::{ArgsInfo, FromArgs};

/// Show the allocations of checkouts that are gone, and release them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "prune",
    help_triggers("-h", "--help", "help"),
    note = "It covers all apps. Nothing is released without --yes. The checkouts on a disk that \
            is not mounted count as gone.",
    example = "{command_name}\n{command_name} --yes"
)]
pub(crate) struct PruneArgs {
    /// release them
    #[argh(switch)]
    pub(crate) yes: bool,

    /// print them as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
