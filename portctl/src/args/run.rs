//! The arguments of `portctl run`.

use argh::{ArgsInfo, FromArgs};

/// Run a command with its services' ports in the environment.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "run",
    help_triggers("-h", "--help", "help"),
    note = "The command gets a variable for each service of this checkout, as with `portctl env`: \
            WEB_PORT. PORT is the port of the service that is named, or of the only one there is. \
            Missing ports are allocated. If one of them cannot be, none is, and the command is not \
            run. Ports that it would inherit from another checkout are removed.\n\n\
            {{port}} in an argument is replaced by that port, and {{web.port}} and {{web.url}} by those of \
            the service web.\n\n\
            A known server that ignores PORT gets its own flag or variable, also behind npx, uv run and the \
            like, and through a script of package.json. The command is shown if it was changed.\n\n\
            If another checkout's process listens on the port of a service, the command is not run.\n\n\
            The command replaces portctl, so it gets the signals and the terminal, and the exit \
            code is its own. If the command is not found, the exit code is 127; if it cannot be \
            run, 126.",
    example = "{command_name} web -- npm run dev\n\
               {command_name} web postgres -- docker compose up\n\
               {command_name} web -- vite"
)]
pub(crate) struct RunArgs {
    /// a service whose port the command gets
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// a service, also by a name such as `my web`; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// run the command although another checkout's process is on a port
    #[argh(switch)]
    pub(crate) force: bool,

    /// run the command as it is typed, without its port in flags and placeholders, and without advice on them
    #[argh(switch)]
    pub(crate) plain: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,
}
