//! The actions, one file each. The arguments are in [`args`](crate::args).

mod allocate;
mod check;
mod completions;
mod doctor;
mod env;
mod export;
mod get;
mod health;
mod import;
mod list;
mod prune;
mod release;
mod restart;
mod run;
mod scan;
mod skill;
mod start;
mod status;
mod stop;
mod version;

use std::io;
use std::process::ExitCode;

use crate::args::{Command, PROGRAM, SkillCommand};
use crate::backend::{self, Backend};
use crate::environment;
use crate::failure::Failure;
use crate::output;

/// The end of a command that did not fail.
#[derive(Debug)]
enum Done {
    /// Its results were printed, as far as they could be.
    Printed(io::Result<()>),
    /// Its results were printed, and the exit code is 1: the answer is no, say.
    No(io::Result<()>),
    /// With the exit code of a command that was run.
    Exit(u8),
}

type Outcome = Result<Done, Failure>;

/// Does what was asked for; gives the exit code.
pub(crate) fn run(command: Command) -> ExitCode {
    let (name, as_json, outcome) = match command {
        Command::Get(args) => ("get", args.json, get::run(args)),
        Command::Allocate(args) => ("allocate", args.json, allocate::run(args)),
        Command::List(args) => ("list", args.json, list::run(args)),
        Command::Check(args) => ("check", args.json, check::run(&args)),
        Command::Release(args) => ("release", args.json, release::run(args)),
        Command::Env(args) => ("env", args.json, env::run(args)),
        Command::Run(args) => ("run", false, run::run(args)),
        Command::Scan(args) => ("scan", args.json, scan::run(args)),
        Command::Prune(args) => ("prune", args.json, prune::run(&args)),
        Command::Export(args) => ("export", args.json, export::run()),
        Command::Import(args) => ("import", args.json, import::run(&args)),
        Command::Start(args) => ("start", args.json, start::run(&args)),
        Command::Stop(args) => ("stop", args.json, stop::run(&args)),
        Command::Restart(args) => ("restart", args.json, restart::run(&args)),
        Command::Status(args) => ("status", args.json, status::run(&args)),
        Command::Health(args) => ("health", args.json, health::run(&args)),
        Command::Doctor(args) => ("doctor", args.json, doctor::run(&args)),
        Command::Skill(args) => match args.command {
            SkillCommand::Install(args) => ("skill install", args.json, skill::install(&args)),
            SkillCommand::Uninstall(args) => {
                ("skill uninstall", args.json, skill::uninstall(&args))
            }
        },
        Command::Completions(args) => ("completions", false, Ok(completions::run(&args))),
        Command::Version(args) => ("version", args.json, version::run(&args)),
    };
    match outcome {
        Ok(Done::Printed(printed)) => output::finish(printed, as_json),
        Ok(Done::No(printed)) => match output::finish(printed, as_json) {
            ExitCode::SUCCESS => ExitCode::FAILURE,
            failed => failed,
        },
        Ok(Done::Exit(code)) => ExitCode::from(code),
        Err(Failure::Usage(problem)) => {
            output::usage(&problem, &format!("{PROGRAM} {name} --help"), as_json)
        }
        Err(Failure::Failed(report)) => output::fail(&report, as_json),
        Err(Failure::NotRun { report, code }) => {
            output::fail(&report, as_json);
            ExitCode::from(code)
        }
    }
}

/// Opens the registry that the environment names.
fn backend() -> Result<Box<dyn Backend>, Failure> {
    Ok(backend::open(environment::address()?)?)
}
