//! The arguments of `portctl prune`.

use argh::{ArgsInfo, FromArgs};

/// Show the allocations that nothing needs any more, and release them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "prune",
    help_triggers("-h", "--help", "help"),
    note = "It covers all apps: checkouts that are gone, and in the others the branches that are \
            deleted and the detached commits that are left, if they had ports of their own. \
            Nothing is released without --yes. A checkout that may only be out \
            of reach is kept, with the reason: one on a disk that is not mounted, or outside of the \
            container that this runs in. So is a port that something listens on. \
            `portctl release --id` releases these.\n\n\
            For the Compose projects of checkouts that are gone, it prints the \
            `docker compose -p NAME down` that removes their containers. --yes forgets these projects.",
    example = "{command_name}\n{command_name} --yes"
)]
pub(crate) struct PruneArgs {
    /// release them
    #[argh(switch, short = 'y')]
    pub(crate) yes: bool,

    /// only show them, as without --yes
    #[argh(switch, short = 'n')]
    pub(crate) dry_run: bool,

    /// print the allocations as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
