//! The arguments of `portctl import`.

use std::path::PathBuf;

use argh::{ArgsInfo, FromArgs};

/// Import allocations from a file, with their ports and times.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "import",
    help_triggers("-h", "--help", "help"),
    note = "The file is the output of `portctl export` or `portctl list --json`, of the Go \
            program's server at /v1/allocations, or of `sqlite3 -json` on its database, or the database \
            of another registry (ports.redb). \
            Allocations that exist already stay as they are. The others get new ids. If one of \
            them conflicts with another allocation, all conflicts are reported and nothing is \
            imported.",
    example = "{command_name} ports.json\n\
               sqlite3 -json ~/.port-registry/ports.db 'SELECT * FROM allocations' | {command_name} -"
)]
pub(crate) struct ImportArgs {
    /// the file, or `-` for standard input
    #[argh(positional)]
    pub(crate) file: PathBuf,

    /// import the allocations without a conflict
    #[argh(switch)]
    pub(crate) skip_conflicts: bool,

    /// print the result as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
