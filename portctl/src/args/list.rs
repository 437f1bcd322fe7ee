//! `portctl list`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// List the allocations of this app and instance, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "list",
    help_triggers("-h", "--help", "help"),
    note = "With --app alone, those of all its instances are listed. On a terminal long\n\
            names are shortened; otherwise they are not.",
    example = "{command_name}\n{command_name} --all --service postgres\n{command_name} --all --json"
)]
pub(crate) struct List {
    /// list those of all apps and instances
    #[argh(switch)]
    pub(crate) all: bool,

    /// no others than this service's
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// this app's, instead of the detected one's
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance's, instead of the detected one's
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
