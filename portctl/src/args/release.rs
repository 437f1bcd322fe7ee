//! `portctl release`, as it is typed.

use argh::{ArgsInfo, FromArgs};
use port_registry::{AllocationId, Port};

/// Release the ports of this app and instance, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "release",
    help_triggers("-h", "--help", "help"),
    note = "All that is named has to match. With an app alone it is that app's ports of\n\
            all instances; with --id, whoever holds it. If nothing matches, the exit code\n\
            is 1.",
    example = "{command_name} --service web\n{command_name} --id 7"
)]
pub(crate) struct Release {
    /// the allocation with this id, as `portctl list` shows it
    #[argh(option)]
    pub(crate) id: Option<AllocationId>,

    /// no others than this service's
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// no other than this port, if this app and instance hold it
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// this app's, instead of the detected one's
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance's, instead of the detected one's
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print what was released as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
