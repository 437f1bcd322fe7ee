//! The arguments of `portctl run`.

use argh::{ArgsInfo, FromArgs};

/// Run a command with its services' ports in the environment.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "run",
    help_triggers("-h", "--help", "help"),
    note = "PORT is the port of the first service. Each service also has a variable of its own, \
            as with `portctl env`: WEB_PORT. Missing ports are allocated. If one of them cannot be, \
            none is, and the command is not run. Without a service, the command gets all services \
            that have a port, and PORT if there is just one.\n\n\
            The command replaces portctl, so it gets the signals and the terminal, and the exit \
            code is its own. If the command is not found, the exit code is 127; if it cannot be \
            run, 126.",
    example = "{command_name} web -- npm run dev\n\
               {command_name} web postgres -- docker compose up\n\
               {command_name} web -- sh -c 'vite --port \"$PORT\"'"
)]
pub(crate) struct RunArgs {
    /// a service whose port the command gets
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// a service, also by a name such as `my web`; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,
}
