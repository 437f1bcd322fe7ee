//! `portctl prune`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Show the allocations of checkouts that are gone, and release them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "prune",
    help_triggers("-h", "--help", "help"),
    note = "They are those of all apps whose folder exists no longer. Nothing is released\n\
            without --yes. A folder on a disk that is not mounted looks as if it was gone.",
    example = "{command_name}\n{command_name} --yes"
)]
pub(crate) struct Prune {
    /// release them
    #[argh(switch)]
    pub(crate) yes: bool,

    /// print them as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
