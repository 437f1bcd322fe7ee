//! The commands that keep the registry in order.

use std::path::PathBuf;

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

/// Take over allocations from a file, with their ports and times.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "import",
    help_triggers("-h", "--help", "help"),
    note = "The file is what `portctl export` or `portctl list --json` printed, the server\n\
            of the Go program at /v1/allocations, or `sqlite3 -json` of its database. What\n\
            is there already is left as it is. The allocations get new numbers. If one of\n\
            them is in conflict with another, all conflicts are told and none is imported.",
    example = "{command_name} ports.json\n\
               sqlite3 -json ~/.port-registry/ports.db 'SELECT * FROM allocations' | {command_name} -"
)]
pub(crate) struct Import {
    /// the file, or `-` for standard input
    #[argh(positional)]
    pub(crate) file: PathBuf,

    /// import what is in no conflict
    #[argh(switch)]
    pub(crate) skip_conflicts: bool,

    /// print what was done as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
