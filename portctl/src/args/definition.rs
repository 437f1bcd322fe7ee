//! The command line of portctl.

use std::sync::LazyLock;

use argh::{ArgsInfo, CommandInfoWithArgs, FromArgs};

use super::allocate::Allocate;
use super::check::Check;
use super::completions::Completions;
use super::doctor::Doctor;
use super::env::Env;
use super::export::Export;
use super::get::Get;
use super::health::Health;
use super::import::Import;
use super::list::List;
use super::prune::Prune;
use super::release::Release;
use super::restart::Restart;
use super::run::Run;
use super::scan::Scan;
use super::skill::Skill;
use super::start::Start;
use super::status::Status;
use super::stop::Stop;
use super::version::Version;

/// The name of the program, as help texts show it.
pub(crate) const PROGRAM: &str = "portctl";

/// argh's description of the command line. It is large, so it is made only if it is needed, and once.
pub(crate) static DESCRIPTION: LazyLock<CommandInfoWithArgs> =
    LazyLock::new(Portctl::get_args_info);

/// Gives every service of every checkout on this machine a TCP port of its own.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "A port belongs to a service (web, postgres) of an instance (one checkout) of\n\
            an app (the project). App and instance default to what git says of the current\n\
            folder: the repository's name, and the linked worktree's folder name or else\n\
            the branch (`detached-` and the commit on a detached HEAD). Outside of git\n\
            they are the folder's name and `default`.\n\n\
            No daemon is needed: portctl opens the registry's file itself, unless\n\
            PORT_REGISTRY_ADDR names a daemon. The answers are the same either way.\n\n\
            Environment:\n  \
            PORT_REGISTRY_ADDR   the daemon to use instead, such as 127.0.0.1:51234\n  \
            PORT_REGISTRY_DB     the registry's file (~/.port-registry/ports.redb)\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, such as 3000-3999 (1-65535)\n  \
            NO_COLOR, CLICOLOR, CLICOLOR_FORCE  whether to print in colour",
    example = "port=$({command_name} get web) && PORT=$port npm run dev\n{command_name} list --all",
    error_code(0, "done"),
    error_code(1, "it failed, or the answer is no"),
    error_code(2, "the command line is wrong")
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
    Get(Get),
    Allocate(Allocate),
    List(List),
    Check(Check),
    Release(Release),
    Env(Env),
    Run(Run),
    Scan(Scan),
    Prune(Prune),
    Export(Export),
    Import(Import),
    Start(Start),
    Stop(Stop),
    Restart(Restart),
    Status(Status),
    Health(Health),
    Doctor(Doctor),
    Skill(Skill),
    Completions(Completions),
    Version(Version),
}
