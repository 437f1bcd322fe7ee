//! `portctl allocate`, as it is typed.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Allocate a port to a service that has none.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "allocate",
    help_triggers("-h", "--help", "help"),
    note = "It is the best free port, or the one you name. If the service has a port\n\
            already, that is an error; with `portctl get` it is not.",
    example = "{command_name} --service web\n{command_name} --service postgres --port 5432 --adopt"
)]
pub(crate) struct Allocate {
    /// the service's name
    #[argh(option)]
    pub(crate) service: String,

    /// this port and no other
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// take the named port even if something listens on it: the service runs already
    #[argh(switch)]
    pub(crate) adopt: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocation as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
