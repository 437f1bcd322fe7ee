//! Error messages.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use super::print::remark;
use super::terminal::{self, Stream, Style};
use super::visible::{json, visible};
use crate::report::Report;

/// The exit code of a wrong command line.
const EXIT_USAGE: u8 = 2;

/// The largest number of reports that are shown as text.
pub(crate) const MAX_REPORTS: usize = 20;

/// Reports a failure on standard error. Returns its exit code.
pub(crate) fn fail(report: &Report, as_json: bool) -> ExitCode {
    let printed = if as_json {
        json(report).and_then(|text| remark(&text))
    } else {
        remark(&error_text(report))
    };
    // If standard error is closed, nobody reads about that either.
    let _ = printed;
    ExitCode::FAILURE
}

fn error_text(report: &Report) -> String {
    let label = |style, label| terminal::styled(Stream::Stderr, style, label);
    let error = label(Style::Error, "error:");
    let mut text = format!("{error} {}", visible(&report.error));
    for line in first_reports(&report.conflicts) {
        let _ = write!(text, "\n{line}");
    }
    for line in &report.log {
        let _ = write!(text, "\n  {}", visible(line));
    }
    // The first conflict may have printed the same hint.
    let is_repeated = |hint: &&String| {
        let first = report.conflicts.first();
        first.and_then(|it| it.hint.as_ref()) == Some(*hint)
    };
    if let Some(hint) = report.hint.as_ref().filter(|hint| !is_repeated(hint)) {
        let _ = write!(text, "\n{} {}", label(Style::Hint, "hint:"), visible(hint));
    }
    text
}

/// Prints reports on standard error, beside the results.
pub(crate) fn remark_reports(reports: &[Report]) -> io::Result<()> {
    first_reports(reports).try_for_each(|line| remark(&line))
}

/// The first reports, indented, and the number of the others.
fn first_reports(reports: &[Report]) -> impl Iterator<Item = String> {
    let rest = reports.len().saturating_sub(MAX_REPORTS);
    let rest = (rest > 0).then(|| format!("  and {rest} more, which --json shows"));
    reports.iter().take(MAX_REPORTS).map(indented).chain(rest)
}

fn indented(report: &Report) -> String {
    let error = visible(&report.error);
    match &report.hint {
        Some(hint) => format!("  {error}\n    {}", visible(hint)),
        None => format!("  {error}"),
    }
}

/// Reports a wrong command line, and the command line `help` that prints help for it. Returns the exit code.
pub(crate) fn fail_usage(problem: &str, help: &str, as_json: bool) -> ExitCode {
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

/// Prints the help text on standard error, because the command is missing. Returns the exit code.
pub(crate) fn fail_with_help(help: &str) -> ExitCode {
    let _ = remark(help.trim_end());
    ExitCode::from(EXIT_USAGE)
}
