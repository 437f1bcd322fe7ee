//! All that is printed goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use port_registry::Allocation;
use prettytable::format::FormatBuilder;
use prettytable::{Row, Table};
use serde::Serialize;

use crate::failure::Report;

/// The exit code of a command line that is wrong.
const EXIT_USAGE: u8 = 2;

/// Prints a line to standard output.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", line.trim_end())?;
    stdout.flush()
}

/// Prints a JSON document to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    print(&json(value)?)
}

/// Prints allocations as a table to standard output.
pub(crate) fn print_table(allocations: &[Allocation]) -> io::Result<()> {
    let mut table = Table::new();
    table.set_format(FormatBuilder::new().padding(0, 2).build());
    table.add_row(Row::from([
        "ID", "APP", "INSTANCE", "SERVICE", "PORT", "CREATED",
    ]));
    for allocation in allocations {
        let key = &allocation.key;
        table.add_row(Row::from([
            Cow::from(allocation.id.to_string()),
            visible(key.app()),
            visible(key.instance()),
            visible(key.service()),
            Cow::from(allocation.port.to_string()),
            Cow::from(allocation.created_at.to_string()),
        ]));
    }
    let mut text = Vec::new();
    table.print(&mut text)?;
    for line in String::from_utf8_lossy(&text).lines() {
        print(line)?;
    }
    Ok(())
}

/// Says something beside the results, on standard error.
pub(crate) fn remark(line: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{line}")
}

/// Tells of a failure on standard error; gives the exit code for it.
pub(crate) fn fail(report: &Report, as_json: bool) -> ExitCode {
    let told = if as_json {
        json(report).and_then(|text| remark(&text))
    } else {
        let mut text = format!("error: {}", visible(&report.error));
        if let Some(hint) = &report.hint {
            let _ = write!(text, "\nhint: {}", visible(hint));
        }
        remark(&text)
    };
    // Where standard error is closed there is nobody to tell.
    let _ = told;
    ExitCode::FAILURE
}

/// Tells what is wrong with the command line; gives the exit code for it.
pub(crate) fn usage(problem: &str, as_json: bool) -> ExitCode {
    if as_json {
        fail(&Report::new(problem), as_json);
        return ExitCode::from(EXIT_USAGE);
    }
    let problem = problem.trim_end();
    // The parser's own messages may be whole help texts.
    let _ = if problem.starts_with("Usage: ") {
        remark(problem)
    } else {
        let lines: Vec<_> = problem.lines().map(visible).collect();
        let problem = lines.join("\n");
        remark(&format!(
            "{problem}\nRun portctl --help for more information."
        ))
    };
    ExitCode::from(EXIT_USAGE)
}

/// The exit code for having printed. That nobody reads on is no error.
pub(crate) fn finish(printed: io::Result<()>, as_json: bool) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&Report::new(format!("cannot write: {error}")), as_json),
    }
}

/// The text with what would act on a terminal, or not be seen there, made visible.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::from(text);
    }
    text.chars()
        .map(|c| {
            if is_invisible(c) {
                c.escape_unicode().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// A JSON document, in which the same characters are escaped as JSON has it.
fn json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(is_invisible) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

/// Whether a character is a control character, turns the direction of writing, or takes no room.
/// The latter two are those of Unicode's general category Cf that text may hold (the list is that
/// of `DerivedGeneralCategory.txt`, without the prepended concatenation marks, which are seen).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0001}'
                | '\u{e0020}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{json, visible};

    #[test]
    fn what_acts_on_a_terminal_is_made_visible() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            visible("web\u{202e}bew\u{200b}"),
            "web\\u{202e}bew\\u{200b}"
        );
        assert_eq!(visible("ünïcödé 日本"), "ünïcödé 日本");
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        let name = "web\u{202e}\u{e0041}\u{7f}";
        let text = json(&name).unwrap();
        assert_eq!(text, r#""web\u202e\udb40\udc41\u007f""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }
}
