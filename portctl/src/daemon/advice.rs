//! Hints for problems with the daemon.

use std::fmt::Display;
use std::path::Path;

use port_registry::daemon::DaemonInfo;
use port_registry::{DB_VARIABLE, Port, Probe, RANGE_VARIABLE, SystemProbe, Verdict};

use super::process::Process;
use super::program;
use super::supervisor::{self, LifecycleAction};
use crate::address::Address;
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording::quoted;

/// The number of ports after that of the daemon among which one that is not in use is searched.
const NEXT_PORTS: u16 = 100;

/// Advises to start the daemon at another port than that of an address. Names one that is not in use.
pub(crate) fn other_port(address: &Address) -> String {
    let is_free = |&port: &Port| matches!(SystemProbe.probe(port), Ok(Verdict::Free));
    let next = address.port().saturating_add(1);
    let next = next..=address.port().saturating_add(NEXT_PORTS);
    let free = next.filter_map(|port| Port::new(port).ok()).find(is_free);
    let port = free.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    format!("choose another port: `{ADDRESS_VARIABLE}=127.0.0.1:{port} portctl start`")
}

/// Advises to use the daemon at an address.
pub(crate) fn use_address(address: impl Display) -> String {
    format!("`export {ADDRESS_VARIABLE}={address}`")
}

/// Advises to resume or end a process that holds the daemon's lock but does not answer.
pub(crate) fn resume_or_end(pid: u32, lock: &Path) -> String {
    let process = Process::open(pid).ok().flatten();
    // In another container, the id belongs to another process.
    if process.is_some_and(|it| it.has_open(lock)) {
        format!(
            "if it is suspended, `kill -CONT {pid}` resumes it; if it hangs, `kill -9 {pid}` ends it without losing data"
        )
    } else {
        "look for it where it was started, for example in its container".to_owned()
    }
}

/// Advises to restart the daemon with the range of the environment.
pub(crate) fn restart_for_range(daemon: &DaemonInfo) -> String {
    match supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Restart) {
        Some(command) => format!("set {RANGE_VARIABLE} for the service, then run `{command}`"),
        None => format!("`portctl restart` makes it use {RANGE_VARIABLE}"),
    }
}

/// Advises to find a process that holds the daemon's lock but has not noted its id there.
pub(crate) fn find_suspended() -> String {
    format!(
        "it may be suspended; `pgrep -lx {}` names it",
        program::NAME
    )
}

/// Advises to stop the daemon, or to use its registry.
pub(crate) fn use_its_registry(daemon: &DaemonInfo) -> String {
    let store = quoted(&daemon.store);
    let stop = supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Stop);
    let stop = stop.as_deref().unwrap_or("portctl stop");
    format!("`{stop}` stops it; `export {DB_VARIABLE}={store}` selects its registry")
}
