//! The daemon that the environment selects.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use port_registry::Error;
use port_registry::daemon::{
    DaemonInfo, Presence, default_pidfile, full_message, lock_of, socket_of,
};

use super::advice::use_address;
use super::holder::HolderPlace;
use super::own_socket;
use super::poll::{PollDeadline, START_STOP_TIMEOUT};
use super::turn::Turn;
use crate::address::{Address, TcpAddress};
use crate::backend::{Client, ClientError};
use crate::environment;
use crate::report::Report;
use crate::sandbox::NoConnections;

/// The daemon that the environment selects, running or not.
#[derive(Debug)]
pub(crate) struct Target {
    /// Client for the address in force.
    pub(crate) client: Client,
    pub(super) pidfile: PathBuf,
}

impl Target {
    pub(crate) fn of_environment() -> Result<Target, Report> {
        let address = environment::address()?.unwrap_or_default();
        Ok(Target::at(address, pidfile()?))
    }

    pub(crate) fn at(address: Address, pidfile: PathBuf) -> Target {
        Target {
            client: Client::new(address.at_daemon()),
            pidfile,
        }
    }

    /// Returns the daemon of the same home folder at another address.
    pub(super) fn with_address(&self, address: &TcpAddress) -> Target {
        Target::at(Address::Tcp(address.clone()), self.pidfile.clone())
    }

    pub(crate) fn address(&self) -> &Address {
        self.client.address()
    }

    /// Returns true if this user's daemon, which listens at `listener`, has the address in force.
    pub(crate) fn is_of(&self, listener: SocketAddr) -> bool {
        match self.address() {
            Address::Tcp(address) => address.is_of(listener),
            Address::Unix(path) => own_socket::is_same_file(path.path(), &socket_of(&self.pidfile)),
        }
    }

    /// Returns the address at which the daemon listens in another network, if only its socket leads to it from here.
    pub(crate) fn listener_in_other_network(&self) -> Option<SocketAddr> {
        let (Address::Unix(_), Ok(Presence::Running { address, .. })) =
            (self.address(), self.presence())
        else {
            return None;
        };
        if !self.is_of(address) {
            return None;
        }
        match Client::new(Address::of(address)).identify_quickly() {
            Err(
                ClientError::NothingListens { .. }
                | ClientError::Denied {
                    reason: NoConnections::LoopbackDown,
                    ..
                },
            ) => Some(address),
            _ => None,
        }
    }

    /// Looks for the process that the lock names.
    pub(crate) fn place_of(&self, pid: u32, listener: SocketAddr) -> HolderPlace {
        HolderPlace::of(pid, listener, &self.pidfile)
    }

    /// Returns true if no other server than the daemon can answer at the address in force, which is the daemon's.
    pub(crate) fn is_sure(&self, place: HolderPlace) -> bool {
        match self.address() {
            Address::Tcp(_) => place.is_here(),
            // No other user can replace the socket.
            Address::Unix(_) => true,
        }
    }

    /// Looks for this user's daemon at any address.
    pub(crate) fn presence(&self) -> Result<Presence, Report> {
        Presence::of(&self.pidfile).map_err(|error| self.unknown_presence(&error))
    }

    /// Like [`presence`](Self::presence), but waits until no daemon is starting.
    pub(super) fn settled(&self) -> Result<Presence, Report> {
        settled(&self.pidfile, START_STOP_TIMEOUT).map_err(|error| self.unknown_presence(&error))
    }

    fn unknown_presence(&self, error: &io::Error) -> Report {
        let lock = self.lock();
        Report::new(format!(
            "cannot tell whether a daemon runs: {}: {error}",
            lock.display()
        ))
    }

    /// Waits for the turn to start and stop daemons, so that concurrent commands do not interfere.
    pub(crate) fn turn(&self) -> Result<Turn, Report> {
        Turn::take(&self.file("portctl.lock"))
    }

    /// Returns the daemon's lock file.
    pub(crate) fn lock(&self) -> PathBuf {
        lock_of(&self.pidfile)
    }

    /// Returns a file in the daemon's folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.pidfile.with_file_name(name)
    }

    /// Reports a daemon at the address that does not hold this user's lock.
    pub(super) fn not_the_daemon(&self, daemon: &DaemonInfo) -> Report {
        Report::new(format!(
            "a port-registry daemon answers at {} and says that it is process {}, but {} does not name it as this user's \
             daemon; it was left alone",
            self.address(),
            daemon.pid,
            self.lock().display()
        ))
    }

    /// Reports a daemon that runs at another address.
    pub(super) fn elsewhere(&self, presence: Presence) -> Option<Report> {
        match presence {
            Presence::Running { pid, address } if !self.is_of(address) => Some(
                Report::new(format!(
                    "the daemon runs as process {pid}, but listens at {address}, not at {}",
                    self.address()
                ))
                .hint(format!(
                    "only one daemon runs per home folder; {} makes this shell use it",
                    use_address(address)
                )),
            ),
            _ => None,
        }
    }
}

/// Returns the path of this user's pidfile. Its errors do not advise naming another registry file, because the daemon
/// keeps its own files in the home folder all the same.
pub(crate) fn pidfile() -> Result<PathBuf, Report> {
    default_pidfile().map_err(|error| match error {
        Error::NoHome => {
            Report::new("HOME is not an absolute path, but the daemon keeps its files below it")
                .hint("set HOME")
        }
        error => Report::new(full_message(&error)),
    })
}

/// Looks for the daemon of a pidfile. Waits up to `timeout` while one is starting.
pub(crate) fn settled(pidfile: &Path, timeout: Duration) -> io::Result<Presence> {
    let deadline = PollDeadline::of(timeout);
    loop {
        match Presence::of(pidfile)? {
            Presence::Starting if deadline.is_left() => deadline.pause(),
            presence => return Ok(presence),
        }
    }
}
