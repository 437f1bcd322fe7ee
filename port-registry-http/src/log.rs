//! What the daemon tells whoever runs it: lines on standard error, each with its time.
//!
//! They are written by a thread of their own, since standard error may be a pipe that nobody empties.
//! Lines that it cannot keep up with are left out.

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use port_registry::{Timestamp, visible};

/// How many lines may wait to be written.
const QUEUE: usize = 64;

/// How long the last lines may take when the daemon ends.
const LAST_LINES: Duration = Duration::from_millis(100);

enum Entry {
    Line(String),
    /// All that came before is written when this is dropped.
    End {
        _written: SyncSender<()>,
    },
}

/// Writes a line.
pub(crate) fn line(text: fmt::Arguments) {
    let line = format!("{} {}\n", Timestamp::now(), visible(&text.to_string()));
    // Where nothing can be written there is nobody to tell.
    let _ = queue().try_send(Entry::Line(line));
}

/// Waits until the lines are written, if that does not take long.
pub(crate) fn finish() {
    let (written, end) = mpsc::sync_channel(0);
    let _ = queue().try_send(Entry::End { _written: written });
    let _ = end.recv_timeout(LAST_LINES);
}

fn queue() -> &'static SyncSender<Entry> {
    static QUEUE_IN: OnceLock<SyncSender<Entry>> = OnceLock::new();
    QUEUE_IN.get_or_init(|| {
        let (queue, entries) = mpsc::sync_channel(QUEUE);
        // Without the thread nothing is logged.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&entries));
        queue
    })
}

fn write_all(entries: &Receiver<Entry>) {
    for entry in entries {
        if let Entry::Line(line) = entry {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }
}
