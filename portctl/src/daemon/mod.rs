//! The daemon's life, from outside: it is started, stopped, and looked at.
//!
//! Never decide by the pidfile if one runs: its lock tells. Never signal a process unless
//! the lock is held, the locked file names it, and what answers at the address names it too.

mod detach;
mod log;
mod own;
mod process;
pub(crate) mod program;
mod start;
mod stop;
mod supervisor;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::daemon::{DaemonInfo, Presence, default_pidfile, lock_of, open_private};
use port_registry::{DB_VARIABLE, Error, RANGE_VARIABLE};

pub(crate) use self::detach::{WORD as DETACH, exec};
pub(crate) use self::own::{difference, find as find_own, serves_range, serves_store};
pub(crate) use self::start::{Started, restart, start};
pub(crate) use self::stop::stop;
use self::supervisor::Deed;
use crate::address::Address;
use crate::backend::Client;
use crate::environment::{self, ADDRESS_VARIABLE};
use crate::failure::Report;
use crate::wording::quoted;

/// Limit of the wait for a daemon to start or to end.
const PATIENCE: Duration = Duration::from_secs(15);
/// Limit of the wait for others who start or stop a daemon, and may be waiting for others themselves.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_mins(1);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// The daemon that the environment means, whether it runs or not.
#[derive(Debug)]
pub(crate) struct Target {
    /// To what listens at the address in force.
    pub(crate) client: Client,
    pidfile: PathBuf,
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
            error => Report::new(error.to_string()),
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
    fn settled(&self) -> Result<Presence, Report> {
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
    fn lock(&self) -> PathBuf {
        lock_of(&self.pidfile)
    }

    /// A file in the daemon's folder.
    fn file(&self, name: &str) -> PathBuf {
        self.pidfile.with_file_name(name)
    }

    /// Something answers as a daemon does, and is not this user's.
    fn not_the_daemon(&self, daemon: &DaemonInfo) -> Report {
        Report::new(format!(
            "process {} answers at {}, but {} does not say that it is the daemon; it was left alone",
            daemon.pid,
            self.address(),
            self.lock().display()
        ))
        .hint(format!("if it is yours, `kill {}` ends it", daemon.pid))
    }

    /// One runs, and not where it should.
    fn elsewhere(&self, presence: Presence) -> Option<Report> {
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

/// The advice to choose another port than the one that something else has.
pub(crate) fn other_port() -> String {
    format!("choose another port: {ADDRESS_VARIABLE}=127.0.0.1:PORT portctl start")
}

/// The advice to have a daemon choose from the ports of the environment.
pub(crate) fn restart_for_range(daemon: &DaemonInfo) -> String {
    match supervisor::command(daemon.supervisor.as_ref(), Deed::Restart) {
        Some(command) => format!("set {RANGE_VARIABLE} for the service, then `{command}`"),
        None => format!("`portctl restart` makes it choose from those of {RANGE_VARIABLE}"),
    }
}

/// The advice to stop a daemon, or to use its registry.
pub(crate) fn use_its_registry(daemon: &DaemonInfo) -> String {
    let store = quoted(&daemon.store);
    let stop = supervisor::command(daemon.supervisor.as_ref(), Deed::Stop);
    let stop = stop.as_deref().unwrap_or("portctl stop");
    format!("`{stop}` stops it; or use its registry: {DB_VARIABLE}={store}")
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

/// A deadline that is waited for in short pauses.
#[derive(Clone, Copy, Debug)]
struct Patience {
    end: Instant,
}

impl Patience {
    fn new() -> Patience {
        Patience::of(PATIENCE)
    }

    fn of(wait: Duration) -> Patience {
        Patience {
            end: Instant::now() + wait,
        }
    }

    fn is_left(self) -> bool {
        Instant::now() < self.end
    }

    fn pause(self) {
        thread::sleep(PAUSE.min(self.end.saturating_duration_since(Instant::now())));
    }
}
