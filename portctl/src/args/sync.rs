//! The arguments of `portctl sync`.

use argh::{ArgsInfo, FromArgs};

/// Bring ports and files of this checkout in line with its portctl.toml.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "sync",
    help_triggers("-h", "--help", "help"),
    note = "It allocates the declared services that are missing, all or none, and keeps the \
            variables in the files that [files] names, as `env --write` does. Then it prints the \
            services, their ports and URLs. Doing it again changes nothing, so it can be part of \
            set-up scripts and hooks.\n\n\
            Nothing is allocated or written if portctl.toml has a mistake or one of the files is \
            refused: one outside of the checkout, tracked by git, with an assignment to one of \
            its variables outside of the block, or missing beside a template such as \
            .env.example, which has to be copied first.",
    example = "{command_name}\ncp .env.example .env && {command_name}"
)]
pub(crate) struct SyncArgs {
    /// make comments of other lines of the files that assign to the variables
    #[argh(switch)]
    pub(crate) replace: bool,

    /// write files even if git tracks them
    #[argh(switch)]
    pub(crate) tracked: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the services and files as a JSON object
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
