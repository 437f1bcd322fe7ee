//! `portctl run`.

use std::io::ErrorKind;
use std::process::Command;

use port_registry::{Allocation, Claim};

use super::outcome::{Done, Outcome};
use crate::args::Run;
use crate::backend;
use crate::checkout::Names;
use crate::conflict;
use crate::env_file::variables;
use crate::failure::Failure;
use crate::report::Report;

/// As shells and env(1) have it (POSIX, "Exit Status for Commands").
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_RUN: u8 = 126;

pub(crate) fn run(args: Run) -> Outcome {
    let Some((program, words)) = args.command.split_first() else {
        return Err(Failure::Usage(
            "name a command behind a --, as in `portctl run --service web -- npm run dev`"
                .to_owned(),
        ));
    };
    let names = Names::new(args.app, args.instance);
    // The registry is closed by the time the command runs.
    let allocations = if args.service.is_empty() {
        existing(&names)?
    } else {
        claimed(&names, &args.service)?
    };
    let mut command = Command::new(program);
    command.args(words);
    for variable in variables::of(&allocations)? {
        command.env(variable.name, variable.port.to_string());
    }
    if let Some(first) = allocations.first()
        && (allocations.len() == 1 || !args.service.is_empty())
    {
        command.env("PORT", first.port.to_string());
    }
    let error = match launch(&mut command) {
        Ok(code) => return Ok(Done::Exit(code)),
        Err(error) => error,
    };
    let (code, hint) = match error.kind() {
        ErrorKind::NotFound => (
            EXIT_NOT_FOUND,
            "see whether it is installed and on the PATH",
        ),
        _ => (EXIT_NOT_RUN, "see whether it is a program, and may be run"),
    };
    let program = program.display();
    Err(Failure::NotRun {
        report: Report::new(format!("cannot run {program}: {error}")).hint(hint),
        code,
    })
}

/// The services that are named, with the ports that they have, or else new ones.
fn claimed(names: &Names, services: &[String]) -> Result<Vec<Allocation>, Failure> {
    let claims = services.iter().map(|service| names.claim(service));
    let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
    // Before anything is allocated.
    variables::distinct_names(claims.iter().map(|claim| claim.key().service()))?;
    Ok(conflict::get_or_allocate(&*backend::open()?, &claims)?)
}

/// All services that have a port.
fn existing(names: &Names) -> Result<Vec<Allocation>, Failure> {
    let allocations =
        conflict::allocations_of(&*backend::open()?, names, &names.filter_of_instance()?)?;
    if allocations.is_empty() {
        return Err(Report::new("no service here has a port yet")
            .hint("name one, as in `portctl run --service web -- npm run dev`")
            .into());
    }
    Ok(allocations)
}

/// Has the command take this process's place: its signals, its terminal and its exit code are then
/// those of a command that was run by itself.
#[cfg(unix)]
fn launch(command: &mut Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Waits for the command, and gives its exit code.
#[cfg(not(unix))]
fn launch(command: &mut Command) -> std::io::Result<u8> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}
