//! The daemon's life, from outside: it is started, stopped, and looked at.
//!
//! Whether one runs is told by its lock, never by the pidfile. A process is signalled only while
//! the lock is held, the locked file names it, and what answers at the address names it too.

mod detach;
mod log;
mod process;
mod program;
mod start;
mod stop;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::Builder;
use port_registry::daemon::{Presence, default_pidfile, open_private};

pub(crate) use self::detach::{WORD as DETACH, exec};
pub(crate) use self::start::{Started, start};
pub(crate) use self::stop::stop;
use crate::address::Address;
use crate::door::{self, Client, Daemon};
use crate::environment::{self, ADDRESS_VARIABLE};
use crate::failure::Report;

/// How long is waited for a daemon to start, and for others who start or stop one.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// The daemon that the environment means, whether it runs or not.
#[derive(Debug)]
pub(crate) struct Place {
    /// To what listens at the address in force.
    pub(crate) client: Client,
    pidfile: PathBuf,
    /// The settings of the store in force.
    registry: Builder,
    store: PathBuf,
}

impl Place {
    pub(crate) fn of_environment() -> Result<Place, Report> {
        let address = environment::address()?.unwrap_or_else(Address::usual);
        let registry = Builder::from_env()?;
        let pidfile = default_pidfile().map_err(|_| {
            Report::new("HOME is not an absolute path, and the daemon's files are kept below it")
                .hint("set HOME")
        })?;
        Ok(Place {
            client: Client::new(address),
            pidfile,
            store: registry.store()?,
            registry,
        })
    }

    pub(crate) fn address(&self) -> &Address {
        self.client.address()
    }

    /// Whether the daemon serves the store in force.
    pub(crate) fn is_served_by(&self, daemon: &Daemon) -> bool {
        door::serves(daemon, &self.registry)
    }

    /// Whether a daemon of this user runs, wherever it listens.
    pub(crate) fn presence(&self) -> Result<Presence, Report> {
        Presence::of(&self.pidfile).map_err(|error| {
            let pidfile = self.pidfile.display();
            Report::new(format!(
                "cannot tell whether a daemon runs: {pidfile}.lock: {error}"
            ))
        })
    }

    /// Waits for the right to start and stop daemons, so that many who want it at once do not get
    /// into each other's way.
    pub(crate) fn turn(&self) -> Result<Turn, Report> {
        Turn::take(&self.file("portctl.lock"))
    }

    /// A file in the daemon's folder.
    fn file(&self, name: &str) -> PathBuf {
        self.pidfile.with_file_name(name)
    }

    /// One runs, and not where it should.
    fn elsewhere(&self, presence: Presence) -> Option<Report> {
        match presence {
            Presence::Running { pid, address } if !self.address().is_of(address) => Some(
                Report::new(format!(
                    "the daemon runs as process {pid}, but listens at {address}, not at {}",
                    self.address()
                ))
                .hint(format!("say so: {ADDRESS_VARIABLE}={address}")),
            ),
            _ => None,
        }
    }
}

/// The right to start and stop daemons, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Held for its lock.
    _file: File,
}

impl Turn {
    fn take(path: &Path) -> Result<Turn, Report> {
        let failed = |error: io::Error| {
            Report::new(format!("cannot lock {}: {error}", path.display()))
                .hint("make the folder writable, or set HOME to another one")
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = open_private(path, &mut options).map_err(failed)?;
        let patience = Patience::new();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn { _file: file }),
                Err(TryLockError::WouldBlock) if patience.is_left() => patience.pause(),
                Err(TryLockError::WouldBlock) => {
                    return Err(Report::new(format!(
                        "another portctl has been starting or stopping the daemon for {} s",
                        PATIENCE.as_secs()
                    ))
                    .hint("see whether it is stopped"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }
}

/// How long is waited for something.
#[derive(Clone, Copy, Debug)]
struct Patience {
    end: Instant,
}

impl Patience {
    fn new() -> Patience {
        Patience {
            end: Instant::now() + PATIENCE,
        }
    }

    fn is_left(self) -> bool {
        Instant::now() < self.end
    }

    #[expect(clippy::unused_self, reason = "it reads as what it is")]
    fn pause(self) {
        thread::sleep(PAUSE);
    }
}
