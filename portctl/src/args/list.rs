//! The arguments of `portctl list`.

use argh::{ArgsInfo, FromArgs};
use port_registry::Port;

/// List the allocations of this checkout, or of others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "list",
    help_triggers("-h", "--help", "help"),
    note = "STATE is `up` if a process of the service's checkout listens on its port, `foreign` if one of \
            another checkout does, `down` if nothing does, and `up?` if the checkout of the process \
            is unknown. A port that no process has open, but that the system forwards, for example to a container, \
            counts as `down` here; `portctl check` tries a connection.\n\n\
            With --app alone, the allocations of all its instances are listed. Long names and times are \
            shortened only on a terminal.",
    example = "{command_name}\n{command_name} --all postgres\n{command_name} --all --json"
)]
pub(crate) struct ListArgs {
    /// only this service, or this port
    #[argh(positional, arg_name = "service-or-port")]
    pub(crate) words: Vec<String>,

    /// list the allocations of all apps and instances
    #[argh(switch, short = 'a')]
    pub(crate) all: bool,

    /// only this service, by any name; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// only this port
    #[argh(option, short = 'p')]
    pub(crate) port: Option<Port>,

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
