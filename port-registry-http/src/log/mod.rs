//! The daemon's log: lines on standard error or in a file, each with its time.
//!
//! A thread of its own writes them, because standard error may be a pipe that nobody reads. Lines are
//! dropped if the thread cannot keep up, and counted.

mod entry;
mod file;
mod repetition;
mod stderr;
mod writer;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::entry::{LogEntry, timed};
use self::file::LogFile;
pub(crate) use self::file::old_of;
use self::repetition::RepetitionFilter;
pub(crate) use self::stderr::OriginalStderr;
use self::writer::Writer;
use crate::limits;

/// Number of lines that may wait to be written.
const QUEUE: usize = 256;

/// Pause before the last entry is tried again while the queue is full.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// Number of lines that found the queue full.
static DROPPED: AtomicU64 = AtomicU64::new(0);

static REPETITIONS: Mutex<RepetitionFilter> = Mutex::new(RepetitionFilter::new());

/// Writes a line.
pub(crate) fn line(text: fmt::Arguments) {
    if queue().try_send(LogEntry::Line(timed(text))).is_err() {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes a line of a kind that clients can cause as often as they like. Of each kind, one line is written, and then
/// once a second the number of those left out.
pub(crate) fn repeated(kind: &'static str, text: fmt::Arguments) {
    if admits(kind) {
        line(text);
    }
}

/// Tests if a line of such a kind may be written, for one whose text takes work. Counts it if not.
pub(crate) fn admits(kind: &'static str) -> bool {
    repetitions().admits(kind, Instant::now())
}

/// Writes to this file from now on, and makes it this process's standard error, so that panics are written to it too.
/// Standard error is restored when the returned value is dropped.
///
/// # Errors
///
/// Returns [`TimedOut`](io::ErrorKind::TimedOut) if another daemon logs to the file, and otherwise the error of the
/// operating system.
pub(crate) fn redirect(path: &Path) -> io::Result<OriginalStderr> {
    let file = LogFile::open(path, stderr::replace)?;
    let original = OriginalStderr::replace(file.as_file())?;
    let _ = queue().send(LogEntry::File(Box::new(file)));
    Ok(original)
}

/// Waits a short time until the lines are written. Another daemon may log to the file then.
pub(crate) fn finish() {
    let deadline = Instant::now() + limits::LAST_LINES;
    let (written, end) = mpsc::sync_channel(0);
    let mut entry = LogEntry::End { _written: written };
    while let Err(TrySendError::Full(unsent)) = queue().try_send(entry) {
        if Instant::now() >= deadline {
            return;
        }
        entry = unsent;
        thread::sleep(FULL_PAUSE);
    }
    let _ = end.recv_timeout(deadline.saturating_duration_since(Instant::now()));
}

fn repetitions() -> MutexGuard<'static, RepetitionFilter> {
    REPETITIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn queue() -> &'static SyncSender<LogEntry> {
    static SENDER: OnceLock<SyncSender<LogEntry>> = OnceLock::new();
    SENDER.get_or_init(|| {
        let (sender, entries) = mpsc::sync_channel(QUEUE);
        // Without the thread nothing is logged.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || Writer::new(&DROPPED, &REPETITIONS).write_all(&entries));
        sender
    })
}
