//! The actions, one file each. The arguments are in [`args`](crate::args).

mod allocate;
mod check;
mod get;
mod list;
mod release;
mod version;

use std::io;
use std::process::ExitCode;

use port_registry::Registry;

use crate::args::Command;
use crate::failure::Failure;
use crate::output;

/// How a command ended that did not fail.
#[derive(Debug)]
enum Done {
    /// Whether all of it could be printed.
    Printed(io::Result<()>),
    /// The same, and the answer is no.
    No(io::Result<()>),
}

type Outcome = Result<Done, Failure>;

/// Does what was asked for; gives the exit code.
pub(crate) fn run(command: Command) -> ExitCode {
    let (as_json, outcome) = match command {
        Command::Allocate(args) => (args.json, allocate::run(args)),
        Command::Get(args) => (args.json, get::run(args)),
        Command::Release(args) => (args.json, release::run(args)),
        Command::List(args) => (args.json, list::run(args)),
        Command::Check(args) => (args.json, check::run(&args)),
        Command::Version(args) => (args.json, Ok(version::run(&args))),
    };
    match outcome {
        Ok(Done::Printed(printed)) => output::finish(printed, as_json),
        Ok(Done::No(printed)) => match output::finish(printed, as_json) {
            ExitCode::SUCCESS => ExitCode::FAILURE,
            failed => failed,
        },
        Err(Failure::Usage(problem)) => output::usage(&problem, as_json),
        Err(Failure::Failed(report)) => output::fail(&report, as_json),
    }
}

/// The registry that the environment names.
fn registry() -> Result<Registry, Failure> {
    Ok(Registry::open()?)
}
