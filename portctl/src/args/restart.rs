//! The arguments of `portctl restart`.

use argh::{ArgsInfo, FromArgs};
use port_registry::daemon::AllowedUsers;

/// Stop the daemon if it runs, and start it.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "restart",
    help_triggers("-h", "--help", "help"),
    note = "The daemon keeps its port and its range, unless the environment names others, and the users \
            that it serves, unless --allow-users names others. It keeps --container, too. To end them, \
            run `portctl stop` and `portctl start`.",
    example = "{command_name}"
)]
pub(crate) struct RestartArgs {
    /// print the new daemon as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,

    /// other users to serve, by name or number, separated by commas, or `all`
    #[argh(option, arg_name = "users")]
    pub(crate) allow_users: Option<AllowedUsers>,

    /// also answer to the names by which containers reach their host
    #[argh(switch)]
    pub(crate) container: bool,
}
