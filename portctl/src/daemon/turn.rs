//! The lock that serializes starting and stopping the daemon.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use port_registry::daemon::open_private;

use super::poll::PollDeadline;
use crate::report::Report;

/// Time limit for other processes that start or stop the daemon, and that may be waiting for each other.
const TURN_TIMEOUT: Duration = Duration::from_secs(60);

/// The exclusive turn to start and stop daemons. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Keeps the lock.
    _file: File,
}

impl Turn {
    pub(super) fn take(path: &Path) -> Result<Turn, Report> {
        let failed = |error: io::Error| {
            Report::new(format!("cannot lock {}: {error}", path.display()))
                .hint("make the folder writable, or set HOME to another one")
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_private(path, &mut options).map_err(failed)?;
        let deadline = PollDeadline::of(TURN_TIMEOUT);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn { _file: file }),
                Err(TryLockError::WouldBlock) if deadline.is_left() => deadline.pause(),
                Err(TryLockError::WouldBlock) => {
                    return Err(Report::new(format!(
                        "another portctl has been starting or stopping the daemon for {} s",
                        TURN_TIMEOUT.as_secs()
                    ))
                    .hint("check whether it is suspended, and try again"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
