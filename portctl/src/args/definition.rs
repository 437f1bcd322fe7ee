//! The definition of the command line.

use std::sync::LazyLock;

use argh::{ArgsInfo, CommandInfo, CommandInfoWithArgs, FromArgs, SubCommand, SubCommands};

use super::allocate::AllocateArgs;
use super::check::CheckArgs;
use super::completions::CompletionsArgs;
use super::compose::ComposeArgs;
use super::doctor::DoctorArgs;
use super::env::EnvArgs;
use super::export::ExportArgs;
use super::get::GetArgs;
use super::health::HealthArgs;
use super::hook::{HookArgs, HookCommand};
use super::import::ImportArgs;
use super::init::InitArgs;
use super::list::ListArgs;
use super::move_::MoveArgs;
use super::open::OpenArgs;
use super::prune::PruneArgs;
use super::release::ReleaseArgs;
use super::restart::RestartArgs;
use super::run::RunArgs;
use super::scan::ScanArgs;
use super::skill::{SkillArgs, SkillCommand};
use super::start::StartArgs;
use super::status::StatusArgs;
use super::stop::StopArgs;
use super::sync::SyncArgs;
use super::url::UrlArgs;
use super::version::VersionArgs;
use super::wait::WaitArgs;

/// The name of the program, as help texts show it.
pub(crate) const PROGRAM: &str = "portctl";

/// The command whose words after a `--` are a command line of another program.
pub(crate) const RUN: &str = RunArgs::COMMAND.name;

/// The command whose words are a command line of Docker Compose.
pub(crate) const COMPOSE: &str = ComposeArgs::COMMAND.name;

/// argh's description of the command line. Made on first use only, because it is large.
pub(crate) static DESCRIPTION: LazyLock<CommandInfoWithArgs> =
    LazyLock::new(Portctl::get_args_info);

/// The description of a command, or of the program.
pub(super) fn described(path: &[&str]) -> &'static CommandInfoWithArgs {
    let mut info: &CommandInfoWithArgs = &DESCRIPTION;
    for name in path {
        if let Some(command) = info.commands.iter().find(|it| it.name == *name) {
            info = &command.command;
        }
    }
    info
}

/// The commands that may follow a command, or the program. Does not need the description.
pub(super) fn commands_below(path: &[&str]) -> &'static [&'static CommandInfo] {
    match path {
        [] => Command::COMMANDS,
        [name] if *name == HookArgs::COMMAND.name => HookCommand::COMMANDS,
        [name] if *name == SkillArgs::COMMAND.name => SkillCommand::COMMANDS,
        _ => &[],
    }
}

/// Gives every service of every checkout on this machine a TCP port of its own.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "A port belongs to a service (web, postgres) of a checkout, whatever branch it is on. \
            Its labels are the app (the project) and the instance, as they are when the \
            checkout gets its first port: the name of the repository, and that of the linked \
            worktree or else the branch. Outside of git they are the folder's name and \
            `default`.\n\n\
            No daemon is needed: portctl opens the registry's file itself, unless \
            PORT_REGISTRY_ADDR names a daemon. The answers are the same either way.\n\n\
            A portctl.toml at the root of a checkout may declare its services, with the ports that \
            they prefer and variables computed from them. Without a name, `get`, `run`, `env`, `url` and \
            `wait` take all declared services, and allocate those that are missing.\n\n\
            `portctl COMMAND --help` explains a command.\n\n\
            Environment:\n  \
            PORT_REGISTRY_ADDR  the daemon to use instead: 127.0.0.1:51234, or unix:PATH of its socket; \
            another user's as alice@127.0.0.1:51234\n  \
            PORT_REGISTRY_DB  the registry's file (~/.port-registry/ports.redb)\n  \
            PORT_REGISTRY_APP, PORT_REGISTRY_INSTANCE  the labels, like --app and --instance\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, such as 3000-3999 (1-65535)\n  \
            BROWSER  the programs that `open` tries in turn, separated by colons\n  \
            NO_COLOR, CLICOLOR, CLICOLOR_FORCE  turn colours on or off",
    example = "port=$({command_name} get web) && PORT=$port npm run dev\n{command_name} list --all",
    error_code(0, "success"),
    error_code(1, "the command failed, or its answer is no"),
    error_code(2, "the command line is wrong"),
    error_code(3, "of `portctl wait` only: another checkout's process is on the port")
)]
pub(super) struct Portctl {
    /// show portctl's version
    #[argh(switch, short = 'V')]
    pub(super) version: bool,

    #[argh(subcommand)]
    pub(super) command: Option<Command>,
}

/// The commands.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(subcommand)]
pub(crate) enum Command {
    Get(GetArgs),
    Allocate(AllocateArgs),
    List(ListArgs),
    Url(UrlArgs),
    Open(OpenArgs),
    Wait(WaitArgs),
    Check(CheckArgs),
    Move(MoveArgs),
    Release(ReleaseArgs),
    Env(EnvArgs),
    Run(RunArgs),
    Compose(ComposeArgs),
    Sync(SyncArgs),
    Scan(ScanArgs),
    Init(InitArgs),
    Prune(PruneArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Start(StartArgs),
    Stop(StopArgs),
    Restart(RestartArgs),
    Status(StatusArgs),
    Health(HealthArgs),
    Doctor(DoctorArgs),
    Skill(SkillArgs),
    Hook(HookArgs),
    Completions(CompletionsArgs),
    Version(VersionArgs),
}

#[cfg(test)]
mod tests {
    use super::{DESCRIPTION, commands_below};

    #[test]
    fn the_commands_are_those_of_the_description() {
        let names = |path: &[&str]| -> Vec<&str> {
            commands_below(path).iter().map(|it| it.name).collect()
        };
        let described: Vec<&str> = DESCRIPTION.commands.iter().map(|it| it.name).collect();
        assert_eq!(names(&[]), described);
        for command in &DESCRIPTION.commands {
            let below = command.command.commands.iter().map(|it| it.name);
            assert_eq!(names(&[command.name]), below.collect::<Vec<_>>());
        }
    }
}
