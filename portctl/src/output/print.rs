//! Standard output and standard error. Never print anywhere else.

use std::io::{self, Write};

use serde::Serialize;

use super::terminal::{self, Stream};
use super::visible::json;
use super::wrap::{labelled, wrapped};

/// Prints sentences to standard output, no wider than the terminal.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_lines(&wrapped(text, terminal::width(Stream::Stdout)))
}

/// Prints lines to standard output as they are: those that programs read, and those that have their width already.
pub(crate) fn print_lines(lines: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", lines.trim_end())?;
    stdout.flush()
}

/// Prints a JSON document to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    print_lines(&json(value)?)
}

/// Prints a sentence to standard error, no wider than the terminal: in place of an empty result, or as its summary.
pub(crate) fn remark(text: &str) -> io::Result<()> {
    remark_lines(&wrapped(text, terminal::width(Stream::Stderr)))
}

/// Prints a remark beside a result to standard error, no wider than the terminal.
pub(crate) fn note(text: &str) -> io::Result<()> {
    remark_lines(&labelled("note: ", text, terminal::width(Stream::Stderr)))
}

/// Prints a JSON document to standard error.
pub(crate) fn remark_json(value: &impl Serialize) -> io::Result<()> {
    remark_lines(&json(value)?)
}

/// Prints lines to standard error as they are.
pub(crate) fn remark_lines(lines: &str) -> io::Result<()> {
    // Standard error has no buffer, so other processes may write between two writes. Write the lines at once.
    io::stderr().write_all(format!("{lines}\n").as_bytes())
}
