//! The commands about allocations.

use argh::{ArgsInfo, FromArgs};
use port_registry::{AllocationId, Port};

/// Print the port of each service, allocating those that are missing.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "get",
    help_triggers("-h", "--help", "help"),
    note = "The ports come one a line and in the order of the services. If one of them\n\
            cannot be had, none is allocated. A service keeps its port until it is\n\
            released, so the same command prints the same port again.",
    example = "port=$({command_name} web) && PORT=$port npm run dev\n{command_name} web api postgres"
)]
pub(crate) struct Get {
    /// the services' names
    #[argh(positional, arg_name = "service")]
    pub(crate) services: Vec<String>,

    /// this port and no other, for a single service
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocations as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}

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

/// List the allocations of this app and this instance, or others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "list",
    help_triggers("-h", "--help", "help"),
    note = "An app that is named is not narrowed to the detected instance. On a terminal\n\
            long names are shortened; otherwise they are not.",
    example = "{command_name}\n{command_name} --all --service postgres\n{command_name} --all --json"
)]
pub(crate) struct List {
    /// list those of all apps and instances
    #[argh(switch)]
    pub(crate) all: bool,

    /// no others than this service's
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// this app's, instead of the detected one's
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance's, instead of the detected one's
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Tell whether a port is to be had, and who has it if not.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "check",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 if it is available, and 1 if it is allocated or in use.",
    example = "{command_name} --port 8080\n{command_name} 8080 && echo free"
)]
pub(crate) struct Check {
    /// the port
    #[argh(option, long = "port")]
    pub(crate) named_port: Option<Port>,

    /// the same, without --port
    #[argh(positional)]
    pub(crate) port: Option<Port>,

    /// print what is known of the port as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Release the ports of this app and this instance, or others.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "release",
    help_triggers("-h", "--help", "help"),
    note = "All that is named has to match. With an app alone it is that app's ports of all\n\
            instances; with --id, whoever holds it. If nothing matches, the exit code is 1.",
    example = "{command_name} --service web\n{command_name} --id 7"
)]
pub(crate) struct Release {
    /// the allocation with this number, as `portctl list` shows it
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
