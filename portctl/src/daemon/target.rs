//! The daemon that the environment names.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use port_registry::Error;
use port_registry::daemon::{DaemonInfo, Presence, default_pidfile, full_message, lock_of};

use super::patience::{PATIENCE, Patience};
use super::turn::Turn;
use crate::address::Address;
use crate::backend::Client;
use crate::environment::{self, ADDRESS_VARIABLE};
use crate::report::Report;

/// The daemon that the environment means, whether it runs or not.
#[derive(Debug)]
pub(crate) struct Target {
    /// To what listens at the address in force.
    pub(crate) client: Client,
    pub(super) pidfile: PathBuf,
}

impl Target {
    pub(crate) fn of_environment() -> Result<Target, Report> {
        let address = environment::address()?.unwrap_or_default();
        let pidfile = default_pidfile().map_err(|error| match error {
            Error::NoHome => Report::new(
                "HOME is not an absolute path, and the daemon's files are kept below it",
            )
            .hint("set HOME"),
            // Another file for the registry would not do: the daemon's are there too.
            error => Report::new(full_message(&error)),
        })?;
        Ok(Target {
            client: Client::new(address),
            pidfile,
        })
    }

    pub(crate) fn address(&self) -> &Address {
        self.client.address()
    }

    /// Tells if a daemon of this user runs, wherever it listens.
    pub(crate) fn presence(&self) -> Result<Presence, Report> {
        Presence::of(&self.pidfile).map_err(|error| self.unknown_presence(&error))
    }

    /// Tells if one runs, once none is just starting.
    pub(super) fn settled(&self) -> Result<Presence, Report> {
        settled(&self.pidfile, PATIENCE).map_err(|error| self.unknown_presence(&error))
    }

    fn unknown_presence(&self, error: &io::Error) -> Report {
        let lock = self.lock();
        Report::new(format!(
            "cannot tell whether a daemon runs: {}: {error}",
            lock.display()
        ))
    }

    /// Waits for the right to start and stop daemons, so that many who want it at once do not get
    /// into each other's way.
    pub(crate) fn turn(&self) -> Result<Turn, Report> {
        Turn::take(&self.file("portctl.lock"))
    }

    /// The file that a daemon holds locked.
    pub(super) fn lock(&self) -> PathBuf {
        lock_of(&self.pidfile)
    }

    /// A file in the daemon's folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.pidfile.with_file_name(name)
    }

    /// Something answers as a daemon does, and is not this user's.
    pub(super) fn not_the_daemon(&self, daemon: &DaemonInfo) -> Report {
        Report::new(format!(
            "process {} answers at {}, but {} does not say that it is the daemon; it was left alone",
            daemon.pid,
            self.address(),
            self.lock().display()
        ))
        .hint(format!("if it is yours, `kill {}` ends it", daemon.pid))
    }

    /// One runs, and not where it should.
    pub(super) fn elsewhere(&self, presence: Presence) -> Option<Report> {
        match presence {
            Presence::Running { pid, address } if !self.address().is_of(address) => Some(
                Report::new(format!(
                    "the daemon runs as process {pid}, but listens at {address}, not at {}",
                    self.address()
                ))
                .hint(format!(
                    "one runs for each home: to use or stop it, set {ADDRESS_VARIABLE}={address}"
                )),
            ),
            _ => None,
        }
    }
}

/// Tells if a daemon of a pidfile runs. Waits up to so long for one that is just starting.
pub(crate) fn settled(pidfile: &Path, patience: Duration) -> io::Result<Presence> {
    let patience = Patience::of(patience);
    loop {
        match Presence::of(pidfile)? {
            Presence::Starting if patience.is_left() => patience.pause(),
            presence => return Ok(presence),
        }
    }
}
