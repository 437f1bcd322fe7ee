//! Hints for problems with the daemon.

use port_registry::daemon::DaemonInfo;
use port_registry::{DB_VARIABLE, Port, Probe, RANGE_VARIABLE, SystemProbe, Verdict};
use std::fmt::Display;

use super::holder::HolderPlace;
use super::program;
use super::supervisor::{self, LifecycleAction};
use crate::address::TcpAddress;
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording::quoted;

/// The number of ports on each side of that of the daemon among which one that is not in use is searched.
const NEAR_PORTS: u16 = 100;

/// The first port that takes no privileges.
const FIRST_UNPRIVILEGED: u16 = 1024;

/// Advises to start the daemon at another port than that of an address. Names one that is not in use.
pub(crate) fn other_port(address: &TcpAddress) -> String {
    let is_available = |&port: &Port| matches!(SystemProbe.probe(port), Ok(Verdict::Free));
    let mut near = ports_near(address.port()).filter_map(|port| Port::new(port).ok());
    match near.find(is_available) {
        Some(port) => {
            format!("choose another port: `{ADDRESS_VARIABLE}=127.0.0.1:{port} portctl start`")
        }
        None => format!("choose another port with {ADDRESS_VARIABLE}"),
    }
}

/// Returns the ports after one, and then those before it, from the nearest on. None of them takes privileges.
fn ports_near(port: u16) -> impl Iterator<Item = u16> {
    let first = port.max(FIRST_UNPRIVILEGED - 1);
    let after = (first..=first.saturating_add(NEAR_PORTS)).skip(1);
    let before = port.saturating_sub(NEAR_PORTS).max(FIRST_UNPRIVILEGED)..port;
    after.chain(before.rev())
}

/// Advises to use the daemon at an address.
pub(crate) fn use_address(address: impl Display) -> String {
    format!(
        "`export {ADDRESS_VARIABLE}={}`",
        quoted(&address.to_string())
    )
}

/// Advises to resume or end the process that the daemon's lock names, which does not answer.
pub(crate) fn resume_or_end(pid: u32, place: HolderPlace) -> String {
    // In another container, the id belongs to another process.
    if place.is_process() {
        format!(
            "if it is suspended, `kill -CONT {pid}` resumes it; if it hangs, `kill -9 {pid}` ends it without losing data"
        )
    } else {
        LOOK_ELSEWHERE.to_owned()
    }
}

/// The advice for a daemon that is out of reach.
pub(crate) const LOOK_ELSEWHERE: &str =
    "look for it where it was started, for example in its container";

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
        "it may be suspended; `pgrep -u \"$(id -u)\" -lx {}` lists this user's daemons",
        program::NAME
    )
}

/// Advises to stop the daemon, or to use its registry.
pub(crate) fn use_its_registry(daemon: &DaemonInfo) -> String {
    let stop = supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Stop);
    let stop = stop.as_deref().unwrap_or("portctl stop");
    if daemon.store_hex.is_some() {
        // No shell takes the path as it is shown.
        return format!("`{stop}` stops it");
    }
    let store = quoted(&daemon.store);
    format!("`{stop}` stops it; `export {DB_VARIABLE}={store}` selects its registry")
}

#[cfg(test)]
mod tests {
    use super::ports_near;

    #[test]
    fn another_port_is_searched_downwards_where_none_follows() {
        assert_eq!(ports_near(65535).next(), Some(65534));
        assert_eq!(ports_near(65534).next(), Some(65535));
        assert_eq!(ports_near(7070).next(), Some(7071));
        for port in [0, 80, 1023, 1024, 7070, 65535] {
            assert!(ports_near(port).all(|it| it != port && it >= 1024));
            assert!(ports_near(port).next().is_some());
        }
    }
}
