//! The arguments of `portctl get`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// Print the port of each service, allocating those that are missing.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "get",
    help_triggers("-h", "--help", "help"),
    note = "The ports are printed one per line, in the order of the services, or of those that \
            portctl.toml declares if none is named. If one of them \
            cannot be allocated, none is. A service keeps its port until it is released, so the \
            same command prints the same port again. If --prefer names another one, a note tells \
            why the service did not get it.",
    example = "port=$({command_name} web) && PORT=$port npm run dev\n{command_name} web api postgres"
)]
pub(crate) struct GetArgs {
    /// a service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// a service, also by a name such as `my web`; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// allocate this port, for a single service
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

    /// allocate this port if it is available, and otherwise another one, for a single service
    #[argh(option, arg_name = "port")]
    pub(crate) prefer: Option<Port>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocations as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
