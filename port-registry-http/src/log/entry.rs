//! The entries that wait to be written.

use std::fmt;
use std::sync::mpsc::SyncSender;

use port_registry::Timestamp;
use port_registry::daemon::visible;

use super::file::LogFile;

pub(super) enum LogEntry {
    Line(String),
    /// The lines after it belong into this file.
    File(Box<LogFile>),
    /// Dropped once all entries before it are written.
    End {
        _written: SyncSender<()>,
    },
}

/// Returns a line with the time.
pub(super) fn timed(text: fmt::Arguments) -> String {
    format!("{} {}\n", Timestamp::now(), visible(&text.to_string()))
}
