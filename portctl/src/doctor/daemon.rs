//! Checks the daemon, which is optional, and looks for other servers at its address.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use port_registry::daemon::{DaemonInfo, Presence, lock_of};
use port_registry::{Builder, Port, PortUse};

use super::finding::{Finding, Issue};
use crate::address::{Address, TcpAddress};
use crate::backend::{Client, ClientError};
use crate::daemon::{self, HolderPlace, Target, Unsure};
use crate::environment;
use crate::report::Report;
use crate::sandbox::NoConnections;

const CHECK: &str = "daemon";

const JUST_STOPPED: &str = "it was just stopped or restarted";

/// Time limit for a daemon that is starting. Longer than a daemon keeps trying to bind its port.
const START_TIMEOUT: Duration = Duration::from_secs(4);

/// Checks the daemon. Sends only the identity request, because a health check makes the daemon write to its store.
pub(super) fn check() -> Finding {
    match environment::address() {
        Err(error) => Issue::from(Report::from(error)).of(CHECK),
        Ok(Some(named)) => check_named(&Client::new(named)),
        Ok(None) => match daemon::pidfile() {
            Ok(pidfile) => check_own(&Client::new(Address::default()), &pidfile),
            Err(report) => Issue::warning_of(report.prefixed("cannot tell whether a daemon runs"))
                .of(CHECK)
                .with_all(other_server_at(&Client::new(Address::default()))),
        },
    }
}

/// Checks the daemon that `PORT_REGISTRY_ADDR` names. It must run, because every command goes through it.
fn check_named(client: &Client) -> Finding {
    match client.identify() {
        // Do not compare its store and range with the environment: the daemon's own are in force.
        Ok(daemon) => summary(&daemon, client.address()).with_all(other_version(&daemon)),
        Err(error) => match lock_holder_at(client.address()) {
            // It may work all the same if this process can open no connection.
            Some((pid, place)) if !matches!(error, ClientError::Denied { .. }) => unresponsive(
                format!("process {pid} holds the daemon's lock, but {error}"),
                daemon::resume_or_end(pid, place),
            ),
            _ => Issue::from(Report::from(error)).of(CHECK),
        },
    }
}

/// Reports that this process cannot ask a daemon or look for another server.
fn report_denied(line: &str, reason: NoConnections) -> Issue {
    let consequence = "the daemon's commands, `wait` and `open` do not work here";
    Issue::warning(format!("{line}: {reason}, so {consequence}")).hint(reason.next_step())
}

/// Returns the process of this user's daemon, if it has this address and is certain to be the server there.
fn lock_holder_at(wanted: &Address) -> Option<(u32, HolderPlace)> {
    let target = Target::at(wanted.clone(), daemon::pidfile().ok()?);
    match target.presence() {
        Ok(Presence::Running { pid, address }) if target.is_of(address) => {
            let place = target.place_of(pid, address);
            (place.is_process() && target.is_sure(place)).then_some((pid, place))
        }
        _ => None,
    }
}

/// Checks this user's daemon. It runs if its lock is held.
fn check_own(client: &Client, pidfile: &Path) -> Finding {
    let lock = lock_of(pidfile);
    match daemon::settled(pidfile, START_TIMEOUT) {
        Ok(Presence::Absent) => match other_server_at(client) {
            Some(issue) => issue.of(CHECK),
            None => Finding::ok(CHECK, "not running; portctl works without it"),
        },
        Ok(Presence::Starting) => unresponsive(
            format!(
                "a daemon holds {}, but is still starting after {} s",
                lock.display(),
                START_TIMEOUT.as_secs()
            ),
            daemon::find_suspended(),
        ),
        Ok(presence @ Presence::Running { pid, address }) => {
            let target = Target::at(Address::of(address), pidfile.to_owned());
            match Unsure::of(&target, presence) {
                Some(unsure) => out_of_reach(&target, &unsure),
                None => running(&target, client, pid, address),
            }
        }
        Err(error) => Issue::problem(format!(
            "cannot tell whether a daemon runs: {}: {error}",
            lock.display()
        ))
        .hint("move it away or make it readable")
        .of(CHECK),
    }
}

/// Checks a daemon whose address may lead to another server from here.
fn out_of_reach(target: &Target, unsure: &Unsure) -> Finding {
    // The process may have ended just before its lock was released.
    if matches!(target.presence(), Ok(Presence::Absent)) {
        return Finding::ok(CHECK, JUST_STOPPED);
    }
    let issue = Issue::warning(unsure.problem()).hint(unsure.next_step());
    match &unsure.by_socket {
        Some((client, daemon)) => summary(daemon, client.address())
            .with_all(differences(daemon))
            .with_all([issue]),
        None => issue.of(CHECK),
    }
}

/// Checks the daemon that holds the lock.
fn running(target: &Target, default: &Client, pid: u32, address: SocketAddr) -> Finding {
    let client = &target.client;
    let answer = client.identify();
    let lock = target.lock();
    let hint = || daemon::resume_or_end(pid, target.place_of(pid, address));
    let is_still =
        matches!(target.presence(), Ok(Presence::Running { pid: now, .. }) if now == pid);
    match answer {
        Ok(daemon) if daemon.pid == pid => {
            let finding = summary(&daemon, client.address()).with_all(differences(&daemon));
            if default.address() == client.address() {
                finding
            } else {
                finding.detail(format!(
                    "before `portctl stop` or `portctl restart`, {} makes this shell find it",
                    daemon::use_address(address)
                ))
            }
        }
        _ if !is_still => Finding::ok(CHECK, JUST_STOPPED),
        Ok(daemon) => unresponsive(
            format!(
                "the server at {address} says that it is process {}, but process {pid} holds {}",
                daemon.pid,
                lock.display()
            ),
            hint(),
        ),
        Err(ClientError::Denied { reason, .. }) => {
            let line = format!("process {pid} holds {}, and was not asked", lock.display());
            report_denied(&line, reason).of(CHECK)
        }
        Err(error) => unresponsive(
            format!("process {pid} holds {}, but {error}", lock.display()),
            hint(),
        ),
    }
}

fn summary(daemon: &DaemonInfo, address: &Address) -> Finding {
    Finding::ok(
        CHECK,
        format!(
            "process {}, version {}, at {address}, serving {}",
            daemon.pid, daemon.version, daemon.store
        ),
    )
}

/// Reports a daemon whose version differs from portctl's.
fn other_version(daemon: &DaemonInfo) -> Option<Issue> {
    let own = env!("CARGO_PKG_VERSION");
    (daemon.version != own).then(|| {
        let line = format!("its version is {}, but portctl is version {own}", daemon.version);
        Issue::warning(line).hint(
            "`portctl restart` starts the installed version; the `path` check lists other installed \
             versions",
        )
    })
}

/// Reports differences between a daemon and this process: version, store and range.
fn differences(daemon: &DaemonInfo) -> Vec<Issue> {
    let mut differences: Vec<Issue> = other_version(daemon).into_iter().collect();
    let Ok(registry) = Builder::from_env() else {
        return differences;
    };
    if !daemon::serves_store(daemon, &registry) {
        let own = registry.store_path();
        let own = own.map_or_else(|error| error.to_string(), |own| own.display().to_string());
        let line = format!("it serves a different registry than portctl uses here, {own}");
        differences.push(Issue::warning(line).hint(daemon::use_its_registry(daemon)));
    }
    if !daemon::serves_range(daemon, &registry) {
        let line = format!(
            "it allocates ports from {}, not from PORT_REGISTRY_RANGE",
            daemon.range
        );
        differences.push(Issue::warning(line).hint(daemon::restart_for_range(daemon)));
    }
    differences
}

/// Reports a daemon that runs but does not answer.
fn unresponsive(line: String, hint: String) -> Finding {
    Issue::problem(line).hint(hint).of(CHECK)
}

/// Reports another server at the address while this user's daemon does not run.
fn other_server_at(client: &Client) -> Option<Issue> {
    let address = client.address();
    let line = match client.identify_quickly() {
        Err(ClientError::NothingListens { .. }) => return None,
        Err(ClientError::Denied { reason, .. }) => {
            let line = format!("no server was looked for at {address}");
            return Some(report_denied(&line, reason));
        }
        Ok(daemon) => format!(
            "a port-registry daemon answers at {address}, but it is not this user's; it says that it is process {}",
            daemon.pid
        ),
        Err(error) => {
            let port = address.tcp().and_then(|it| Port::new(it.port()).ok());
            let in_use = port.map(PortUse::of_busy);
            let in_use = in_use.map_or_else(|| "in use".to_owned(), |it| it.to_string());
            format!("{address} is {in_use}: {error}")
        }
    };
    Some(Issue::warning(line).hint(format!(
        "portctl does not use it; to start a daemon, {}",
        daemon::other_port(&TcpAddress::default())
    )))
}
