//! The daemon's log: lines on standard error, each with its time.
//!
//! A thread of its own writes them, because standard error may be a pipe that nobody reads. Lines are
//! dropped if the thread cannot keep up.

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use port_registry::Timestamp;
use port_registry::daemon::visible;

use crate::limits;

/// Number of lines that may wait to be written.
const QUEUE: usize = 64;

enum LogEntry {
    Line(String),
    /// Dropped once all entries before it are written.
    End {
        _written: SyncSender<()>,
    },
}

/// Writes a line.
pub(crate) fn line(text: fmt::Arguments) {
    let line = format!("{} {}\n", Timestamp::now(), visible(&text.to_string()));
    // There is no other place to report a full queue or a missing thread.
    let _ = queue().try_send(LogEntry::Line(line));
}

/// Waits a short time until the lines are written.
pub(crate) fn finish() {
    let (written, end) = mpsc::sync_channel(0);
    let _ = queue().try_send(LogEntry::End { _written: written });
    let _ = end.recv_timeout(limits::LAST_LINES);
}

fn queue() -> &'static SyncSender<LogEntry> {
    static SENDER: OnceLock<SyncSender<LogEntry>> = OnceLock::new();
    SENDER.get_or_init(|| {
        let (sender, entries) = mpsc::sync_channel(QUEUE);
        // Without the thread nothing is logged.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&entries));
        sender
    })
}

fn write_all(entries: &Receiver<LogEntry>) {
    for entry in entries {
        if let LogEntry::Line(line) = entry {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }
}
