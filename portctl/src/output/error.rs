//! Error messages.

use std::io;
use std::process::ExitCode;

use super::print::{remark, remark_json, remark_lines};
use super::terminal::{self, Stream, Style};
use super::visible::visible;
use super::wrap::{labelled, wrapped};
use crate::report::Report;

/// The exit code of a wrong command line.
const EXIT_USAGE: u8 = 2;

/// The largest number of reports that are shown as text.
pub(crate) const MAX_REPORTS: usize = 20;

/// Reports a failure on standard error. Returns its exit code.
pub(crate) fn fail(report: &Report, as_json: bool) -> ExitCode {
    let printed = if as_json {
        remark_json(report)
    } else {
        remark_lines(&error_text(report, terminal::width(Stream::Stderr)))
    };
    // If standard error is closed, nobody reads about that either.
    let _ = printed;
    ExitCode::FAILURE
}

fn error_text(report: &Report, width: Option<usize>) -> String {
    let mut lines = vec![error_line(&visible(&report.error), width)];
    let conflicts = first_reports(&report.conflicts);
    lines.extend(conflicts.map(|text| wrapped(&text, width)));
    let log = report.log.iter();
    lines.extend(log.map(|line| labelled("  ", &visible(line), width)));
    // The first conflict may have printed the same hint.
    let is_repeated = |hint: &&String| {
        let first = report.conflicts.first();
        first.and_then(|it| it.hint.as_ref()) == Some(*hint)
    };
    if let Some(hint) = report.hint.as_ref().filter(|hint| !is_repeated(hint)) {
        let label = terminal::styled(Stream::Stderr, Style::Hint, "hint:");
        lines.push(labelled(&format!("{label} "), &visible(hint), width));
    }
    lines.join("\n")
}

fn error_line(problem: &str, width: Option<usize>) -> String {
    let label = terminal::styled(Stream::Stderr, Style::Error, "error:");
    labelled(&format!("{label} "), problem, width)
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

/// Reports a wrong command line. Without a hint of its own, it gets the command line `help` that prints help. Returns the
/// exit code.
pub(crate) fn fail_usage(report: Report, help: &str, as_json: bool) -> ExitCode {
    let report = match report.hint {
        Some(_) => report,
        None => report.hint(format!("`{help}` explains the command line")),
    };
    fail(&report, as_json);
    ExitCode::from(EXIT_USAGE)
}
