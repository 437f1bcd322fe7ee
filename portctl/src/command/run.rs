//! `portctl run`.

use std::io::ErrorKind;
use std::process::Command;

use port_registry::{Allocation, Claim};

use super::get::get_or_allocate;
use super::outcome::{CommandResult, Done};
use crate::args::RunArgs;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::env_file::variables;
use crate::report::Report;

/// The exit codes of shells and env(1) (POSIX, "Exit Status for Commands").
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_RUN: u8 = 126;

pub(crate) fn run(args: RunArgs) -> CommandResult {
    let Some((program, words)) = args.command.split_first() else {
        return Err(CommandError::Usage(
            "name a command after a --, as in `portctl run --service web -- npm run dev`"
                .to_owned(),
        ));
    };
    let names = CheckoutNames::new(args.app, args.instance);
    // The registry is closed before the command runs.
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
        ErrorKind::NotFound => (EXIT_NOT_FOUND, "check that it is installed and on the PATH"),
        _ => (
            EXIT_NOT_RUN,
            "check that it is a program and has permission to run",
        ),
    };
    let program = program.display();
    Err(CommandError::NotRun {
        report: Report::new(format!("cannot run {program}: {error}")).hint(hint),
        code,
    })
}

/// The allocations of the services that are named. Those that are missing are allocated.
fn claimed(names: &CheckoutNames, services: &[String]) -> Result<Vec<Allocation>, CommandError> {
    let claims = services.iter().map(|service| names.claim(service));
    let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
    // Check the names before anything is allocated.
    variables::distinct_names(claims.iter().map(|claim| claim.key().service()))?;
    Ok(get_or_allocate(&*backend::open()?, &claims)?)
}

/// The allocations of all services that have a port.
fn existing(names: &CheckoutNames) -> Result<Vec<Allocation>, CommandError> {
    let allocations =
        conflict::allocations_of(&*backend::open()?, names, &names.filter_of_instance()?)?;
    if allocations.is_empty() {
        return Err(Report::new("no service of this checkout has a port yet")
            .hint("name one, as in `portctl run --service web -- npm run dev`")
            .into());
    }
    Ok(allocations)
}

/// Replaces this process by the command, so that signals, terminal and exit code are those of the command.
#[cfg(unix)]
fn launch(command: &mut Command) -> std::io::Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

/// Runs the command and returns its exit code.
#[cfg(not(unix))]
fn launch(command: &mut Command) -> std::io::Result<u8> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}
