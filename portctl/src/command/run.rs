//! `portctl run`.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use port_registry::{Allocation, CHECKOUT_VARIABLE, Checkout, RootKind};

use super::claiming::{Got, get_or_allocate, get_or_allocate_all, print_notes};
use super::env_refresh::refresh_copied_blocks;
use super::invocation::Invocation;
use super::named;
use super::outcome::{CommandResult, Done};
use super::wiring::{all_variables, variables_of};
use crate::args::RunArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::output::wording;
use crate::path::{candidates, is_program};
use crate::report::Report;

/// The exit codes of shells and env(1) (POSIX, "Exit Status for Commands").
const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_RUN: u8 = 126;

/// The system's number of the error for a program that does not exist, on Unix and Windows.
const NO_SUCH_FILE: i32 = 2;

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
    if program.is_empty() {
        return Err(CommandError::Usage(
            Report::new("the command is an empty word")
                .hint("name one behind the --, as in `portctl run web -- npm run dev`"),
        ));
    }
    if let Some(report) = mistaken_program(&invocation, &services, program, words) {
        return Err(CommandError::Usage(report));
    }
    if !can_be_found(program) {
        // Before a port is allocated for nothing.
        let error = io::Error::from_raw_os_error(NO_SUCH_FILE);
        return Err(not_run(&invocation, &services, command_line, &error));
    }
    let typed = TypedLabels::new(args.app, args.instance)?;
    // The registry is closed before the command runs.
    let (allocations, variables, root) = {
        let backend = backend::open()?;
        let here = Here::new(&*backend, typed);
        let allocations = if services.is_empty() {
            existing(&*backend, &here, &invocation)?
        } else {
            let got = get_or_allocate(&*backend, &here, &invocation, &services, None)?;
            print_notes(&got.notes);
            got.allocations
        };
        if !here.typed().are_given() {
            print_notes(&refresh_copied_blocks(&*backend, &[])?);
        }
        let recorded = allocations.iter().find_map(|it| it.dir.as_deref());
        // Typed labels are recorded without a checkout, and any folder outside of git and of projects would be one.
        let current = here.checkout().ok();
        let current = current.filter(|it| it.root_kind() != RootKind::Plain);
        let root = recorded.or(current.map(Checkout::root));
        let root = root.map(Path::to_owned);
        let variables = if services.is_empty() {
            all_variables(&here, &allocations)?
        } else {
            variables_of(&here, &allocations)?
        };
        (allocations, variables, root)
    };
    let mut command = Command::new(program);
    command.args(words);
    // Tells later whose listener the command is.
    match root {
        Some(root) => command.env(CHECKOUT_VARIABLE, root),
        None => command.env_remove(CHECKOUT_VARIABLE),
    };
    for variable in variables {
        command.env(variable.name, variable.value);
    }
    if let Some(first) = allocations.first()
        && (allocations.len() == 1 || !services.is_empty())
    {
        command.env("PORT", first.port.to_string());
    }
    match launch(&mut command) {
        Ok(code) => Ok(Done::Exit(code)),
        Err(error) => Err(not_run(&invocation, &services, command_line, &error)),
    }
}

/// Returns false if there is no program of this name. Its permissions are left to the system.
fn can_be_found(program: &OsStr) -> bool {
    let candidates = candidates(program);
    // A folder that may not be read is left to the system, as is a PATH that is not set.
    candidates.is_empty() || candidates.iter().any(|it| it.try_exists().unwrap_or(true))
}

/// Reports a command that cannot be run.
fn not_run(
    invocation: &Invocation,
    services: &[String],
    command_line: &[OsString],
    error: &io::Error,
) -> CommandError {
    let program = command_line.first().map(OsString::as_os_str);
    let program = program.unwrap_or_default().display();
    let report = Report::new(format!("cannot run {program}: {error}"));
    if error.kind() != ErrorKind::NotFound {
        return CommandError::NotRun {
            report: report.hint("check that it is a program and has permission to run"),
            code: EXIT_NOT_RUN,
        };
    }
    // In `run web npm -- start`, the -- is in the wrong place.
    let hint = match services.split_last() {
        Some((last, services)) if is_program(OsStr::new(last)) => {
            let words = [&[OsString::from(last)], command_line].concat();
            let meant = invocation.of("run").with_program(&words).with(services);
            format!("did you mean `{meant}`?")
        }
        _ => "check that it is installed and on the PATH".to_owned(),
    };
    CommandError::NotRun {
        report: report.hint(hint),
        code: EXIT_NOT_FOUND,
    }
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
    let is_line = first != line;
    let has_assignment = first.contains('=');
    if !(is_line || has_assignment) || is_program(program) {
        return None;
    }
    let (problem, meant) = if !is_line {
        let assignment = [OsString::from("env"), program.to_owned()];
        ("is a variable", [&assignment[..], words].concat())
    } else if has_assignment || line.contains(|it| "|&;<>()$`\\\"'*?#~\n".contains(it)) {
        let rest = words.iter().map(|it| it.to_string_lossy());
        let rest = rest.map(|it| wording::quoted(&it).into_owned());
        let whole: Vec<String> = [line.to_owned()].into_iter().chain(rest).collect();
        let shell = ["sh", "-c", &whole.join(" ")];
        (
            "is a command line in one word",
            shell.map(OsString::from).to_vec(),
        )
    } else {
        let split = line.split_whitespace().map(OsString::from);
        let split = split.chain(words.iter().cloned());
        ("is a command line in one word", split.collect())
    };
    let meant = invocation.of("run").with_program(&meant).with(services);
    Some(
        Report::new(format!("`{line}` {problem}, not a program"))
            .hint(format!("did you mean `{meant}`?")),
    )
}

/// The allocations of all services that have a port or are declared.
fn existing(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
) -> Result<Vec<Allocation>, CommandError> {
    let Got { allocations, notes } = get_or_allocate_all(backend, here, invocation)?;
    print_notes(&notes);
    if allocations.is_empty() {
        let owner = if invocation.has_names() {
            let (app, instance) = here.labels()?;
            format!("{app}/{instance}")
        } else {
            "this checkout".to_owned()
        };
        let line = invocation.with(&["web"]);
        return Err(Report::new(format!("no service of {owner} has a port yet"))
            .hint(format!("name one, as in `{line}`"))
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
