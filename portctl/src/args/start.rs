//! The arguments of `portctl start`.

use argh::{ArgsInfo, FromArgs};
use port_registry::daemon::AllowedUsers;

/// Start the daemon, which serves the registry over HTTP.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "start",
    help_triggers("-h", "--help", "help"),
    note = "The daemon keeps running when the terminal is closed, and logs to \
            ~/.port-registry/port-registry.log. It listens on 127.0.0.1 at the port that \
            PORT_REGISTRY_ADDR names, or else at 51234. If it runs already, its address is \
            printed, it is not changed, and the exit code is 1; `portctl restart` changes its flags. A \
            browser shows the services at that address.\n\n\
            It also listens on the Unix socket ~/.port-registry/port-registry.sock, which only its own \
            user can open. `PORT_REGISTRY_ADDR=unix:PATH` names it, also in containers and sandboxes \
            that have the file. Users whom --allow-users names set \
            `PORT_REGISTRY_ADDR=alice@127.0.0.1:51234` if alice started it.",
    example = "{command_name}\nPORT_REGISTRY_ADDR=127.0.0.1:8123 {command_name}"
)]
pub(crate) struct StartArgs {
    /// print the daemon as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,

    /// other users to serve, by name or number, separated by commas, or `all`
    #[argh(option, arg_name = "users")]
    pub(crate) allow_users: Option<AllowedUsers>,

    /// also answer to the names by which containers reach their host
    #[argh(switch)]
    pub(crate) container: bool,
}
