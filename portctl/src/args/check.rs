//! The arguments of `portctl check`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Show whether a port is available, and who has it if not.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "check",
    help_triggers("-h", "--help", "help"),
    note = "The port is named by its number, or by a service of this checkout. The exit code is 0 if \
            it is available, and 1 if it is allocated or in use.\n\n\
            A port that no process has open also counts as in use if a connection to 127.0.0.1 succeeds, \
            because the system forwards it, for example to a container.",
    example = "{command_name} 8080 && echo available\n{command_name} web"
)]
pub(crate) struct CheckArgs {
    /// a port, or a service
    #[argh(positional, arg_name = "port-or-service")]
    pub(crate) words: Vec<String>,

    /// the port
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

    /// the service, by any name
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the state of the port as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
