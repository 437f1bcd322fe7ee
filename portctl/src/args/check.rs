//! The arguments of `portctl check`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Show whether a port is available, and who holds it if not.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "check",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 if it is available, and 1 if it is allocated or in use.",
    example = "{command_name} --port 8080\n{command_name} 8080 && echo free"
)]
pub(crate) struct CheckArgs {
    /// the port
    #[argh(option, long = "port")]
    pub(crate) named_port: Option<Port>,

    /// the port, without --port
    #[argh(positional)]
    pub(crate) port: Option<Port>,

    /// print the status of the port as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
