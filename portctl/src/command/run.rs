//! `portctl run`.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::process::Command;

use port_registry::{Allocation, Claim};

use super::get::get_or_allocate;
use super::invocation::Invocation;
use super::named;
use super::outcome::{CommandResult, Done};
use crate::args::RunArgs;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::env_file::variables;
use crate::path::is_program;
use crate::report::Report;

/// The exit codes of shells and env(1) (POSIX, "Exit Status for Commands").
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_RUN: u8 = 126;

pub(crate) fn run(args: RunArgs, command_line: &[OsString]) -> CommandResult {
    let invocation = Invocation::new("run", args.app.as_deref(), args.instance.as_deref())
        .with_program(command_line);
    let services = named::services(&invocation, args.words, args.service)?;
    let Some((program, words)) = command_line.split_first() else {
        return Err(CommandError::Usage(
            Report::new("no command is named")
                .hint("name one behind a --, as in `portctl run web -- npm run dev`"),
        ));
    };
    if let Some(report) = mistaken_program(&invocation, &services, program, words) {
        return Err(CommandError::Usage(report));
    }
    let names = CheckoutNames::new(args.app, args.instance);
    // The registry is closed before the command runs.
    let allocations = if services.is_empty() {
        existing(&names)?
    } else {
        let claims = services.iter().map(|service| names.claim(service));
        let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
        get_or_allocate(&*backend::open()?, &invocation, &claims)?
    };
    let mut command = Command::new(program);
    command.args(words);
    for variable in variables::of(&allocations)? {
        command.env(variable.name, variable.port.to_string());
    }
    if let Some(first) = allocations.first()
        && (allocations.len() == 1 || !services.is_empty())
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

/// Refuses a program that can only be a mistake: a whole command line in one word, as quotes around it make it, or an
/// assignment, which only shells know. Returns `None` if it may be a program.
fn mistaken_program(
    invocation: &Invocation,
    services: &[String],
    program: &OsStr,
    words: &[OsString],
) -> Option<Report> {
    let line = program.to_str()?;
    let first = line.split_whitespace().next()?;
    let is_line = first != line && words.is_empty();
    let has_assignment = first.contains('=');
    if !(is_line || has_assignment) || is_program(program) {
        return None;
    }
    let (problem, meant) = if !is_line {
        let assignment = [OsString::from("env"), program.to_owned()];
        ("is a variable", [&assignment[..], words].concat())
    } else if has_assignment || line.contains(|it| "|&;<>()$`\\\"'*?#~".contains(it)) {
        let shell = ["sh", "-c", line];
        (
            "is a command line in one word",
            shell.map(OsString::from).to_vec(),
        )
    } else {
        let split = line.split_whitespace().map(OsString::from);
        ("is a command line in one word", split.collect())
    };
    let meant = invocation.of("run").with_program(&meant).with(services);
    Some(
        Report::new(format!("`{line}` {problem}, not a program"))
            .hint(format!("did you mean `{meant}`?")),
    )
}

/// The allocations of all services that have a port.
fn existing(names: &CheckoutNames) -> Result<Vec<Allocation>, CommandError> {
    let allocations =
        conflict::allocations_of(&*backend::open()?, names, &names.filter_of_instance()?)?;
    if allocations.is_empty() {
        return Err(Report::new("no service of this checkout has a port yet")
            .hint("name one, as in `portctl run web -- npm run dev`")
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
