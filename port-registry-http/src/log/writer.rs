//! The thread that writes the log.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::entry::{LogEntry, timed};
use super::file::LogFile;
use super::repetition::{INTERVAL, RepetitionFilter};

/// Writes the lines and counts that other threads leave for it.
#[derive(Debug)]
pub(super) struct Writer {
    /// Number of lines that were dropped since the last one.
    dropped: &'static AtomicU64,
    repetitions: &'static Mutex<RepetitionFilter>,
    /// Is `None` for standard error.
    file: Option<Box<LogFile>>,
}

impl Writer {
    pub(super) fn new(
        dropped: &'static AtomicU64,
        repetitions: &'static Mutex<RepetitionFilter>,
    ) -> Writer {
        Writer {
            dropped,
            repetitions,
            file: None,
        }
    }

    pub(super) fn write_all(mut self, entries: &Receiver<LogEntry>) {
        loop {
            let is_idle = self.repetitions().is_idle();
            let entry = if is_idle {
                entries.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                entries.recv_timeout(INTERVAL)
            };
            let ended = self.repetitions().end_intervals(Instant::now());
            self.write_counts(ended);
            match entry {
                Ok(LogEntry::Line(line)) => self.write(&line),
                Ok(LogEntry::File(file)) => self.file = Some(file),
                Ok(LogEntry::End { .. }) => {
                    let ended = self.repetitions().end_all();
                    self.write_counts(ended);
                    if let Some(file) = &self.file {
                        file.release();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn write_counts(&mut self, ended: Vec<(&'static str, u64)>) {
        for (kind, left_out) in ended {
            self.write(&timed(format_args!(
                "left out similar lines ({kind}): {left_out}"
            )));
        }
    }

    fn write(&mut self, line: &str) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.put(&timed(format_args!(
                "dropped lines, because the log was not written in time: {dropped}"
            )));
        }
        self.put(line);
    }

    fn put(&mut self, line: &str) {
        match &mut self.file {
            Some(file) => file.write(line),
            None => {
                let _ = io::stderr().lock().write_all(line.as_bytes());
            }
        }
    }

    fn repetitions(&self) -> MutexGuard<'static, RepetitionFilter> {
        self.repetitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
