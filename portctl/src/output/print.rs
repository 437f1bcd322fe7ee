//! Standard output and standard error. Never print anywhere else.

use std::io::{self, Write};

use serde::Serialize;

use super::visible::json;

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

/// Prints a line to standard error.
pub(crate) fn remark(line: &str) -> io::Result<()> {
    // Standard error has no buffer, so other processes may write between two writes. Write the line at once.
    io::stderr().write_all(format!("{line}\n").as_bytes())
}
