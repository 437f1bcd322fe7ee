//! The daemon, which is optional, and servers that may be in its place.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use port_registry::daemon::{DaemonInfo, Presence, default_pidfile, lock_of};
use port_registry::{Builder, Listener, Port};

use super::finding::{Finding, Issue};
use crate::address::Address;
use crate::backend::{Client, ClientError};
use crate::daemon;
use crate::environment::{self, ADDRESS_VARIABLE};
use crate::failure::Report;
use crate::wording;

const CHECK: &str = "daemon";

/// Limit of the wait for a daemon that is starting: longer than it tries to get its port.
const START: Duration = Duration::from_secs(4);

/// Sends nothing but the question who is there: even to ask a daemon for its health has it write to its store.
pub(super) fn check() -> Finding {
    match environment::address() {
        Err(report) => Issue::from(report).of(CHECK),
        Ok(Some(named)) => look_at_named(&Client::new(named)),
        Ok(None) => match default_pidfile() {
            Ok(pidfile) => look(&Client::new(Address::default()), &pidfile),
            Err(error) => Issue::warning(format!("whether one runs cannot be told: {error}"))
                .of(CHECK)
                .but_all(stranger_at(&Client::new(Address::default()))),
        },
    }
}

/// Checks a daemon that was named: it is the only way to the registry, so it has to be there.
fn look_at_named(client: &Client) -> Finding {
    match client.identify() {
        // Its store and its range are its own, and are the ones that count.
        Ok(daemon) => told(&daemon, client.address()).but_all(other_version(&daemon)),
        Err(error) => match holder_at(client.address()) {
            Some(pid) => silent(format!(
                "process {pid} holds the daemon's lock, but {error}"
            )),
            None => Issue::from(Report::from(error)).of(CHECK),
        },
    }
}

/// This user's daemon, if it says by its lock that it listens there.
fn holder_at(wanted: &Address) -> Option<u32> {
    match Presence::of(&default_pidfile().ok()?) {
        Ok(Presence::Running { pid, address }) if wanted.is_of(address) => Some(pid),
        _ => None,
    }
}

/// Otherwise it is this user's, whose lock tells whether it runs.
fn look(client: &Client, pidfile: &Path) -> Finding {
    let lock = lock_of(pidfile);
    match daemon::settled(pidfile, START) {
        Ok(Presence::Absent) => match stranger_at(client) {
            Some(stranger) => stranger.of(CHECK),
            None => Finding::ok(CHECK, "none runs, and none is needed"),
        },
        Ok(Presence::Starting) => silent(format!(
            "one holds {}, and has been starting for {} s",
            lock.display(),
            START.as_secs()
        )),
        Ok(Presence::Running { pid, address }) => running(client, pidfile, pid, address),
        Err(error) => Issue::problem(format!(
            "whether one runs cannot be told: {}: {error}",
            lock.display()
        ))
        .hint("move it away, or make it readable")
        .of(CHECK),
    }
}

/// One says by its lock that it runs.
fn running(default: &Client, pidfile: &Path, pid: u32, address: SocketAddr) -> Finding {
    let client = Client::new(Address::of(address));
    let answer = client.identify();
    let lock = lock_of(pidfile);
    let lock = lock.display();
    let is_still =
        matches!(Presence::of(pidfile), Ok(Presence::Running { pid: now, .. }) if now == pid);
    match answer {
        Ok(daemon) if daemon.pid == pid => {
            let finding = told(&daemon, client.address()).but_all(differences(&daemon));
            if default.address().is_of(address) {
                finding
            } else {
                finding.and(format!(
                    "`portctl stop` and `portctl restart` need {ADDRESS_VARIABLE}={address} to find it"
                ))
            }
        }
        _ if !is_still => Finding::ok(CHECK, "it was stopped or restarted just now"),
        Ok(daemon) => silent(format!(
            "process {} answers at {address}, and not process {pid}, which holds {lock}",
            daemon.pid
        )),
        Err(error) => silent(format!("process {pid} holds {lock}, but {error}")),
    }
}

fn told(daemon: &DaemonInfo, address: &Address) -> Finding {
    Finding::ok(
        CHECK,
        format!(
            "process {}, version {}, at {address}, of {}",
            daemon.pid, daemon.version, daemon.store
        ),
    )
}

/// That a daemon is not of this portctl's version.
fn other_version(daemon: &DaemonInfo) -> Option<Issue> {
    let own = env!("CARGO_PKG_VERSION");
    (daemon.version != own).then(|| {
        let line = format!("it is of version {}, and portctl of {own}", daemon.version);
        Issue::warning(line).hint(
            "`portctl restart` runs the one that is installed now; `portctl doctor` tells under \
             `path` whether there are several",
        )
    })
}

/// The differences between a daemon and this process.
fn differences(daemon: &DaemonInfo) -> Vec<Issue> {
    let mut differences: Vec<Issue> = other_version(daemon).into_iter().collect();
    let Ok(registry) = Builder::from_env() else {
        return differences;
    };
    if !daemon::serves_store(daemon, &registry) {
        let own = registry.store();
        let own = own.map_or_else(|error| error.to_string(), |own| own.display().to_string());
        let line = format!("it serves another registry than this portctl would use, {own}");
        differences.push(Issue::warning(line).hint(daemon::use_its_registry(daemon)));
    }
    if !daemon::serves_range(daemon, &registry) {
        let line = format!(
            "it chooses from the ports {}, and not from those of PORT_REGISTRY_RANGE",
            daemon.range
        );
        differences.push(Issue::warning(line).hint(daemon::restart_for_range(daemon)));
    }
    differences
}

/// A daemon that is there and of no use.
fn silent(line: String) -> Finding {
    Issue::problem(line)
        .hint("see whether it is suspended (`kill -CONT` wakes it) or hangs (`kill -9` ends it, and loses nothing)")
        .of(CHECK)
}

/// Something else that is at the address although no daemon of this user runs.
fn stranger_at(client: &Client) -> Option<Issue> {
    let address = client.address();
    let line = match client.identify_quickly() {
        Err(ClientError::NothingListens { .. }) => return None,
        Ok(daemon) => format!(
            "process {} answers at {address} as a port-registry, but not as the one of this user",
            daemon.pid
        ),
        Err(error) => {
            let listener = Port::new(address.port()).ok().map(Listener::find);
            let by = listener.as_ref().map_or_else(String::new, wording::by);
            format!("{address} is in use{by}: {error}")
        }
    };
    Some(Issue::warning(line).hint(format!(
        "portctl leaves it alone; to start a daemon, stop it, or {}",
        daemon::other_port()
    )))
}
