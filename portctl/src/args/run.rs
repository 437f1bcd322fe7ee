//! `portctl run`, as it is typed.

use std::ffi::OsString;

use argh::{ArgsInfo, FromArgs};

/// Run a command with its services' ports in the environment.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "run",
    help_triggers("-h", "--help", "help"),
    note = "PORT is the port of the first service, and each service has a variable of its\n\
            own, as with `portctl env`: WEB_PORT. Ports that are missing are allocated,\n\
            all of them or none; without them the command is not run. Where no service is\n\
            named, all that have a port are meant, and PORT is set if it is a single one.\n\n\
            The command takes portctl's place, so its signals, terminal and exit code are\n\
            its own. If it cannot be found the exit code is 127, if it cannot be run 126.",
    example = "{command_name} --service web -- npm run dev\n\
               {command_name} --service web --service postgres -- docker compose up"
)]
pub(crate) struct Run {
    /// a service whose port the command gets; may be given several times
    #[argh(option)]
    pub(crate) service: Vec<String>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// the command and its arguments, behind a `--`
    #[argh(positional)]
    pub(crate) command: Vec<OsString>,
}
