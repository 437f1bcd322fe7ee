//! The arguments of `portctl doctor`.

use argh::{ArgsInfo, FromArgs};

/// Check this machine for problems, and show how to fix each.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "doctor",
    help_triggers("-h", "--help", "help"),
    note = "It checks the registry's folder and file, the daemon and its pidfile, the programs \
            on the PATH, git, the checkout of the current folder and the rule that gave its name, \
            the permission to bind ports, the processes that listen on allocated ports, the allocations that prune finds, the overrides of \
            Compose that COMPOSE_FILE names, and the version of Compose. \
            It runs only git and `docker compose version`, and changes nothing. The exit code is 1 if there is a problem, and \
            0 if there are only warnings.",
    example = "{command_name}\n{command_name} --json"
)]
pub(crate) struct DoctorArgs {
    /// print the findings as JSON
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}
