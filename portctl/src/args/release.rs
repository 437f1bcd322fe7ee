//! The arguments of `portctl release`.

use argh::{ArgsInfo, FromArgs};
use port_registry::{AllocationId, Port};

/// Release the ports of this app and instance, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "release",
    help_triggers("-h", "--help", "help"),
    note = "All given flags have to match. --app alone releases the ports of all instances of \
            that app, and --id releases a port of any app. If nothing matches, the exit code is \
            1.",
    example = "{command_name} --service web\n{command_name} --id 7"
)]
pub(crate) struct ReleaseArgs {
    /// the allocation with this id, as `portctl list` shows it
    #[argh(option)]
    pub(crate) id: Option<AllocationId>,

    /// only this service
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// only this port, if this app and instance hold it
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// this app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the released allocations as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
