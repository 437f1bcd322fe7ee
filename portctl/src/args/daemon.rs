//! The commands about the daemon.

use argh::{ArgsInfo, FromArgs};

/// Start the daemon, which serves the registry over HTTP.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "start",
    help_triggers("-h", "--help", "help"),
    note = "It runs on when the terminal is closed, and logs to\n\
            ~/.port-registry/port-registry.log. It listens on 127.0.0.1 at the port that\n\
            PORT_REGISTRY_ADDR names, or else at 51234. That it runs already is no error.",
    example = "{command_name}\nPORT_REGISTRY_ADDR=127.0.0.1:8123 {command_name}"
)]
pub(crate) struct Start {
    /// print what was started as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Stop the daemon.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "stop",
    help_triggers("-h", "--help", "help"),
    note = "It answers what is under way first. If none runs, the exit code is 1. Nothing\n\
            but the daemon that answers is ever stopped, whatever a pidfile says.",
    example = "{command_name}"
)]
pub(crate) struct Stop {
    /// print what was stopped as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Stop the daemon if it runs, and start it.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "restart",
    help_triggers("-h", "--help", "help"),
    example = "{command_name}"
)]
pub(crate) struct Restart {
    /// print what was started as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Tell whether the daemon runs.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "status",
    help_triggers("-h", "--help", "help"),
    note = "The exit code is 0 either way; `portctl health` is for scripts.",
    example = "{command_name}\n{command_name} --json"
)]
pub(crate) struct Status {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Tell by the exit code whether a healthy daemon answers.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "health",
    help_triggers("-h", "--help", "help"),
    note = "It is 0 only if a port-registry answers, and its store can serve.",
    example = "{command_name} || portctl start"
)]
pub(crate) struct Health {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
