//! What the daemon tells whoever runs it: lines on standard error, each with its time.

use std::fmt;
use std::io::{self, Write};

use port_registry::Timestamp;

/// Writes a line. Where standard error is closed or full there is nobody to tell.
pub(crate) fn line(text: fmt::Arguments) {
    let line = format!("{} {text}\n", Timestamp::now());
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
