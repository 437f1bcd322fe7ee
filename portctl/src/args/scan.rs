//! `portctl scan`, as it is typed.

use std::path::PathBuf;

use argh::{ArgsInfo, FromArgs};

/// Find the fixed host ports of a project, and register them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "scan",
    help_triggers("-h", "--help", "help"),
    note = "Looked at are Compose files, Procfiles, devcontainer.json, the scripts of\n\
            package.json and .env files, five folders deep. What is not certain to be\n\
            listened on, as a variable that may name a port elsewhere, is a guess, and so\n\
            is what has the name or the port of something that was found before.\n\n\
            --register allocates all ports but the guesses to this checkout's services, or\n\
            none of them. What listens there already is taken for the service itself.\n\n\
            REGISTRY is free, yours or taken; SYSTEM is what listens there right now.",
    example = "{command_name}\n{command_name} --register\n{command_name} docker-compose.dev.yml --json"
)]
pub(crate) struct Scan {
    /// the folder, or a single file (the current folder)
    #[argh(positional)]
    pub(crate) path: Option<PathBuf>,

    /// allocate what was found
    #[argh(switch)]
    pub(crate) register: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}
