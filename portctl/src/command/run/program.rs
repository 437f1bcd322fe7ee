//! The program of a command, before it is run and if it cannot be.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::invocation::Invocation;
use super::super::launched::exit_code;
use crate::checkout::current_folder;
use crate::command_error::CommandError;
use crate::output::wording;
use crate::path::{candidates, is_program};
use crate::report::Report;

/// The system's number of the error for a program that does not exist, on Unix and Windows.
const NO_SUCH_FILE: i32 = 2;

/// Refuses a command that is missing, a mistake, or that does not exist, before a port is allocated for nothing.
pub(super) fn check(
    invocation: &Invocation,
    services: &[String],
    command_line: &[OsString],
) -> Result<(), CommandError> {
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
    if let Some(report) = mistaken_program(invocation, services, program, words) {
        return Err(CommandError::Usage(report));
    }
    if !can_be_found(program) {
        let error = io::Error::from_raw_os_error(NO_SUCH_FILE);
        return Err(not_run(invocation, services, command_line, &error));
    }
    Ok(())
}

/// Returns false if there is no program of this name. Its permissions are left to the system.
fn can_be_found(program: &OsStr) -> bool {
    let candidates = candidates(program);
    // A folder that may not be read is left to the system, as is a PATH that is not set.
    candidates.is_empty() || candidates.iter().any(|it| it.try_exists().unwrap_or(true))
}

/// Reports a command that cannot be run.
pub(super) fn not_run(
    invocation: &Invocation,
    services: &[String],
    command_line: &[OsString],
    error: &io::Error,
) -> CommandError {
    let program = command_line.first().map(OsString::as_os_str);
    let program = program.unwrap_or_default();
    let report = Report::new(format!("cannot run {}: {error}", program.display()));
    if error.kind() != ErrorKind::NotFound {
        return CommandError::NotRun {
            report: report.hint("check that it is a program and has permission to run"),
            code: exit_code(error),
        };
    }
    // In `run web npm -- start`, the -- is in the wrong place.
    let hint = match services.split_last() {
        Some((last, services)) if is_program(OsStr::new(last)) => {
            let meant = [&[OsString::from(last)], command_line].concat();
            did_you_mean(invocation, services, &meant)
        }
        _ => own_program(invocation, services, command_line)
            .unwrap_or_else(|| missing_step(Path::new(program)).to_owned()),
    };
    CommandError::NotRun {
        report: report.hint(hint),
        code: exit_code(error),
    }
}

/// Suggests the program of this name that the project itself has installed.
fn own_program(
    invocation: &Invocation,
    services: &[String],
    command_line: &[OsString],
) -> Option<String> {
    let (program, arguments) = command_line.split_first()?;
    if Path::new(program).components().count() != 1 {
        return None;
    }
    let here = current_folder().ok()?;
    let words = here.ancestors().find_map(|folder| {
        let is_in = |bin: &str| folder.join(bin).join(program).is_file();
        if is_in("node_modules/.bin") {
            Some(vec![OsString::from("npx"), program.clone()])
        } else if is_in(".venv/bin") {
            let path = Path::new(".venv/bin").join(program);
            Some(vec![folder.join(path).into()])
        } else {
            None
        }
    })?;
    let meant = [&words, arguments].concat();
    Some(did_you_mean(invocation, services, &meant))
}

/// Returns the next step for a program that the system does not find.
fn missing_step(program: &Path) -> &'static str {
    if program.components().count() == 1 {
        "check that it is installed and on the PATH"
    } else if program.exists() {
        "its interpreter is missing, which its first line names"
    } else {
        "check its path"
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
    Some(
        Report::new(format!("`{line}` {problem}, not a program"))
            .hint(did_you_mean(invocation, services, &meant)),
    )
}

/// Suggests to run this command line with the same flags.
fn did_you_mean(invocation: &Invocation, services: &[String], command_line: &[OsString]) -> String {
    let meant = invocation.of("run").like(invocation);
    let meant = meant.with_program(command_line).with(services);
    format!("did you mean `{meant}`?")
}
