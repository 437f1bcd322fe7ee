//! The arguments of `portctl list`.

use argh::{ArgsInfo, FromArgs};

/// List the allocations of this app and instance, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "list",
    help_triggers("-h", "--help", "help"),
    note = "With --app alone, the allocations of all its instances are listed. Long names are \
            shortened on a terminal only.",
    example = "{command_name}\n{command_name} --all --service postgres\n{command_name} --all --json"
)]
pub(crate) struct ListArgs {
    /// list the allocations of all apps and instances
    #[argh(switch)]
    pub(crate) all: bool,

    /// only this service
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// this app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
