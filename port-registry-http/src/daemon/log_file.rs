//! Chooses the log's file: never one that has another purpose.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use port_registry::daemon::{lock_of, socket_of, store_files};

use super::config::Config;
use super::error::DaemonError;
use crate::log::{self, OriginalStderr};

/// Redirects the log to its file, if the configuration names one.
pub(super) fn redirect(config: &Config) -> Result<Option<OriginalStderr>, DaemonError> {
    let Some(log) = &config.log else {
        return Ok(None);
    };
    let taken = |purpose| DaemonError::LogTaken {
        path: log.clone(),
        purpose,
    };
    let [database, journal, lock] = store_files(&config.registry.store_path()?);
    let others = [
        (database, "the registry"),
        (journal, "the journal of the registry"),
        (lock, "the lock of the registry"),
        (lock_of(&config.pidfile), "the lock of the pidfile"),
        (socket_of(&config.pidfile), "the daemon's socket"),
        (config.pidfile.clone(), "the pidfile"),
    ];
    for written in [place(log), place(&log::old_of(log))] {
        if let Some((_, purpose)) = others.iter().find(|(other, _)| place(other) == written) {
            return Err(taken(purpose));
        }
    }
    match log::redirect(log) {
        Ok(original) => Ok(Some(original)),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(taken("the log of another daemon"))
        }
        Err(source) => Err(DaemonError::Log {
            path: log.clone(),
            source,
        }),
    }
}

/// Returns the canonical path of a file that need not exist.
fn place(path: &Path) -> PathBuf {
    let canonical = fs::canonicalize(path).ok().or_else(|| {
        let folder = fs::canonicalize(path.parent()?).ok()?;
        Some(folder.join(path.file_name()?))
    });
    canonical.unwrap_or_else(|| path.to_owned())
}
