//! The arguments of `portctl release`.

use argh::{ArgsInfo, FromArgs};
use port_registry::{AllocationId, Port};

/// Release ports of this checkout, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "release",
    help_triggers("-h", "--help", "help"),
    note = "Without a service or a port, all ports of this checkout are released, unless something \
            listens on one of them. If one of the services or ports is not allocated to this \
            checkout, nothing is released and the exit code is 1.\n\n\
            All given flags have to match. --app alone releases the ports of all instances of \
            that app, and --id releases a port of any app and checkout.",
    example = "{command_name} web\n{command_name} 3000\n{command_name} --id 7"
)]
pub(crate) struct ReleaseArgs {
    /// a service, or a port
    #[argh(positional, arg_name = "service-or-port")]
    pub(crate) words: Vec<String>,

    /// the allocation with this id, as `portctl list` shows it
    #[argh(option)]
    pub(crate) id: Option<AllocationId>,

    /// a service, by any name; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// this port, if this checkout holds it
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// release all ports even if something listens on one of them
    #[argh(switch, short = 'y')]
    pub(crate) yes: bool,

    /// show what would be released, and release nothing
    #[argh(switch, short = 'n')]
    pub(crate) dry_run: bool,

    /// print the released allocations as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
