//! Advice on what to do about a daemon.

use port_registry::daemon::DaemonInfo;
use port_registry::{DB_VARIABLE, RANGE_VARIABLE};

use super::supervisor::{self, Deed};
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording::quoted;

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
