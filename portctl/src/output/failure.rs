//! Failures, as they are printed.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use super::print::remark;
use super::terminal::{self, Stream, Style};
use super::visible::{json, visible};
use crate::report::Report;

/// The exit code of a command line that is wrong.
const EXIT_USAGE: u8 = 2;

/// Says what was left out, on standard error.
pub(crate) fn remarks(reports: &[Report]) -> io::Result<()> {
    several(reports).try_for_each(|line| remark(&line))
}

/// Tells of a failure on standard error; gives the exit code for it.
pub(crate) fn fail(report: &Report, as_json: bool) -> ExitCode {
    let told = if as_json {
        json(report).and_then(|text| remark(&text))
    } else {
        remark(&failure(report))
    };
    // Where standard error is closed there is nobody to tell.
    let _ = told;
    ExitCode::FAILURE
}

fn failure(report: &Report) -> String {
    let label = |style, label| terminal::styled(Stream::Stderr, style, label);
    let error = label(Style::Error, "error:");
    let mut text = format!("{error} {}", visible(&report.error));
    for line in several(&report.conflicts) {
        let _ = write!(text, "\n{line}");
    }
    for line in &report.log {
        let _ = write!(text, "\n  {}", visible(line));
    }
    let is_told = |hint: &&String| {
        let first = report.conflicts.first();
        first.and_then(|it| it.hint.as_ref()) == Some(*hint)
    };
    if let Some(hint) = report.hint.as_ref().filter(|hint| !is_told(hint)) {
        let _ = write!(text, "\n{} {}", label(Style::Hint, "hint:"), visible(hint));
    }
    text
}

/// How many of several reports are shown as text.
pub(crate) const MOST: usize = 20;

/// Several reports, as far as somebody reads them.
fn several(reports: &[Report]) -> impl Iterator<Item = String> {
    let rest = reports.len().saturating_sub(MOST);
    let rest = (rest > 0).then(|| format!("  and {rest} more, which --json shows"));
    reports.iter().take(MOST).map(indented).chain(rest)
}

/// One of several reports.
fn indented(report: &Report) -> String {
    let error = visible(&report.error);
    match &report.hint {
        Some(hint) => format!("  {error}\n    {}", visible(hint)),
        None => format!("  {error}"),
    }
}

/// Tells what is wrong with the command line; gives the exit code for it. `help` is the command line
/// that would help.
pub(crate) fn usage(problem: &str, help: &str, as_json: bool) -> ExitCode {
    if as_json {
        let report = Report::new(problem.trim_end()).hint(format!("`{help}`"));
        fail(&report, as_json);
        return ExitCode::from(EXIT_USAGE);
    }
    let lines: Vec<_> = problem.trim_end().lines().map(visible).collect();
    let error = terminal::styled(Stream::Stderr, Style::Error, "error:");
    let _ = remark(&format!(
        "{error} {}\nRun `{help}` for more information.",
        lines.join("\n")
    ));
    ExitCode::from(EXIT_USAGE)
}

/// Prints a help text where a command was missing; gives the exit code for it.
pub(crate) fn usage_help(help: &str) -> ExitCode {
    let _ = remark(help.trim_end());
    ExitCode::from(EXIT_USAGE)
}
