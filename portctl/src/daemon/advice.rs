//! Hints for problems with the daemon.

use port_registry::daemon::DaemonInfo;
use port_registry::{DB_VARIABLE, RANGE_VARIABLE};

use super::supervisor::{self, LifecycleAction};
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording::quoted;

/// Advises to choose a port that is not in use.
pub(crate) fn other_port() -> String {
    format!("choose another port: {ADDRESS_VARIABLE}=127.0.0.1:PORT portctl start")
}

/// Advises to restart the daemon with the range of the environment.
pub(crate) fn restart_for_range(daemon: &DaemonInfo) -> String {
    match supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Restart) {
        Some(command) => format!("set {RANGE_VARIABLE} for the service, then run `{command}`"),
        None => format!("`portctl restart` makes it use {RANGE_VARIABLE}"),
    }
}

/// Advises to stop the daemon, or to use its registry.
pub(crate) fn use_its_registry(daemon: &DaemonInfo) -> String {
    let store = quoted(&daemon.store);
    let stop = supervisor::command(daemon.supervisor.as_ref(), LifecycleAction::Stop);
    let stop = stop.as_deref().unwrap_or("portctl stop");
    format!("`{stop}` stops it; to use its registry, set {DB_VARIABLE}={store}")
}
