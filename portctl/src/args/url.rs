//! The arguments of `portctl url`.

use argh::{ArgsInfo, FromArgs};

/// Print the URL of each service.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "url",
    help_triggers("-h", "--help", "help"),
    note = "The URLs are printed one per line, in the order of the services. Without a service, the \
            URLs of all declared services, or else of all services of this checkout, are printed with their \
            names. A service that is named must have a port.\n\n\
            Browsers send the cookies of `localhost` to all ports. --site gives each service of each \
            checkout a host name of its own, such as `web.main.shop.localhost`. Chrome, Edge and \
            Firefox resolve it to this machine without any set-up.",
    example = "{command_name} web\ncurl \"$({command_name} api)/health\"\n{command_name} web --site"
)]
pub(crate) struct UrlArgs {
    /// a service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// a service, also by a name such as `my web`; may be given several times
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

    /// print the services, ports and URLs as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
