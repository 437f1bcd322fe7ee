//! `portctl import`, as it is typed.

use std::path::PathBuf;

use argh::{ArgsInfo, FromArgs};

/// Take over allocations from a file, with their ports and times.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "import",
    help_triggers("-h", "--help", "help"),
    note = "The file is what `portctl export` or `portctl list --json` printed, the server\n\
            of the Go program at /v1/allocations, or `sqlite3 -json` of its database. What\n\
            is there already is left as it is. The allocations get new ids. If one of\n\
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
