//! The arguments of `portctl compose`.

use argh::{ArgsInfo, FromArgs};

/// Run Docker Compose with this checkout's ports in place of the fixed ones.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "compose",
    help_triggers("-h", "--help", "help"),
    note = "All arguments are those of `docker compose`, which replaces portctl, so terminal, signals and exit code are \
            its own. The Compose file stays as it is: the fixed host ports of its services are replaced by an override, \
            and nothing else of them. up, create, run, start, restart and watch allocate the ports that are missing; \
            other commands use those that there are.\n\n\
            In a main checkout the usual ports are kept as long as they are available, and then nothing is changed at \
            all. In a linked worktree all services get ports of their own, container names are left to Compose, and a \
            project name that would be shared gets the worktree's name behind it.\n\n\
            A terminal shows the ports before Compose starts; otherwise, `portctl list` does.\n\n\
            --print stands before the command of Compose, or without one; then it allocates the ports that are missing, as \
            up does.",
    example = "{command_name} up -d\n\
               {command_name} --profile debug -f compose.yaml ps\n\
               {command_name} --print"
)]
pub(crate) struct ComposeArgs {
    /// print the override that Compose would get, and do not run it
    #[argh(switch)]
    pub(crate) print: bool,
}
