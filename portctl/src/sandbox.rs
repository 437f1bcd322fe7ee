//! Sandboxes that keep this process from using the network.

use crate::report::Report;

/// The problem where the system denies connections, even to this machine.
pub(crate) const NO_CONNECTIONS: &str = "this process may not open connections";

/// The next step where the system denies the use of the network.
pub(crate) const NEXT_STEP: &str = "run portctl outside of the sandbox";

/// Reports that a command needs connections. `purpose` says what for, to follow "so".
pub(crate) fn report_no_connections(purpose: &str) -> Report {
    Report::new(format!("{NO_CONNECTIONS}, so {purpose}")).hint(NEXT_STEP)
}
