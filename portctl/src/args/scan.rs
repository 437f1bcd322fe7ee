//! The arguments of `portctl scan`.

use std::path::PathBuf;

use argh::{ArgsInfo, FromArgs};

/// Find the fixed host ports of a project, and register them.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "scan",
    help_triggers("-h", "--help", "help"),
    note = "It reads Compose files, Procfiles, devcontainer.json, the scripts of package.json \
            and .env files, five folders deep. A port that the project may not listen on, such \
            as a variable for a server elsewhere, is a guess. So is a port whose number or \
            service was found before, and the default port of a server that a command starts \
            without naming one.\n\n\
            --register allocates all ports except guesses to the services of this checkout, or \
            none of them. A port that a process of another checkout listens on is refused. If it \
            is unknown whose process it is, --adopt says that it is the service itself.\n\n\
            REGISTRY is available, yours or allocated; SYSTEM shows what listens there right now.",
    example = "{command_name}\n{command_name} --register\n{command_name} docker-compose.dev.yml --json"
)]
pub(crate) struct ScanArgs {
    /// the folder, or a single file (the current folder)
    #[argh(positional)]
    pub(crate) path: Option<PathBuf>,

    /// allocate the ports that were found
    #[argh(switch)]
    pub(crate) register: bool,

    /// with --register, allow ports on which it is unknown whose process listens
    #[argh(switch)]
    pub(crate) adopt: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the ports as a JSON array
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
