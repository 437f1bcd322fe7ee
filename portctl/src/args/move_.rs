//! The arguments of `portctl move`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Give a service another port, in one step.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "move",
    help_triggers("-h", "--help", "help"),
    note = "Without --port or --prefer, the service gets the best available port other than its own. If the \
            move fails, the service keeps its port. With --prefer, that is no failure: the exit code \
            is 0, and a note tells who has the preferred port. A process that listens on the old port is \
            left alone; restart it, so that it listens on the new one.",
    example = "{command_name} web\n{command_name} web --port 8080"
)]
pub(crate) struct MoveArgs {
    /// the service, or the port that it has
    #[argh(positional, arg_name = "service-or-port")]
    pub(crate) words: Vec<String>,

    /// the service, by any name
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// the new port
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

    /// the new port if it is available; otherwise the service keeps its own
    #[argh(option, arg_name = "port")]
    pub(crate) prefer: Option<Port>,

    /// take the port even if something listens there, because the service runs there already
    #[argh(switch)]
    pub(crate) adopt: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the new allocation as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
