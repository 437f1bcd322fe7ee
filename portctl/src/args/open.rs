//! The arguments of `portctl open`.

use argh::{ArgsInfo, FromArgs};

/// Open a service in the browser.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "open",
    help_triggers("-h", "--help", "help"),
    note = "The service must be running. If nothing listens on its port, or a process of another \
            checkout does, nothing is opened, and the exit code is 1. The browser is the first program in the \
            variable BROWSER that works, or the default of the system if that is not set. If none opens the URL, it is printed, \
            and the exit code is 1.",
    example = "{command_name} web\nportctl wait web && {command_name} web\n{command_name} web --site"
)]
pub(crate) struct OpenArgs {
    /// the service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// the service, by any name
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// use a host name of the service's own, which keeps cookies apart
    #[argh(switch)]
    pub(crate) site: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,
}
