//! The lock of those who start and stop daemons.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use port_registry::daemon::open_private;

use super::patience::Patience;
use crate::report::Report;

/// Limit of the wait for others who start or stop a daemon, and may be waiting for others themselves.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_secs(60);

/// The right to start and stop daemons, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Held for its lock.
    _file: File,
}

impl Turn {
    pub(super) fn take(path: &Path) -> Result<Turn, Report> {
        let failed = |error: io::Error| {
            Report::new(format!("cannot lock {}: {error}", path.display()))
                .hint("see that the folder can be written, or set HOME to another one")
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_private(path, &mut options).map_err(failed)?;
        let patience = Patience::of(PATIENCE_WITH_OTHERS);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn { _file: file }),
                Err(TryLockError::WouldBlock) if patience.is_left() => patience.pause(),
                Err(TryLockError::WouldBlock) => {
                    return Err(Report::new(format!(
                        "others have been starting or stopping the daemon for {} s",
                        PATIENCE_WITH_OTHERS.as_secs()
                    ))
                    .hint("see whether one of them is suspended, and try again"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}
