//! The arguments of `portctl allocate`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Allocate a port to a service that has none.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "allocate",
    help_triggers("-h", "--help", "help"),
    note = "Without --port, the best available port is allocated. It is an error if the service \
            has a port already; `portctl get` prints that port instead.",
    example = "{command_name} web\n{command_name} postgres --port 5432 --adopt"
)]
pub(crate) struct AllocateArgs {
    /// the service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// the service, by any name
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// allocate this port
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

    /// allocate the port even if something listens there, because the service runs already
    #[argh(switch)]
    pub(crate) adopt: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocation as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
