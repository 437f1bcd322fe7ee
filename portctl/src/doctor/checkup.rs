//! Runs all checks.

use port_registry::{Allocation, AllocationStatus, Filter};

use super::finding::{CheckStatus, Finding};
use super::{
    checkout, checkouts, compose, daemon, git, home, listeners, path, pidfile, ports, store,
};
use crate::address::Address;
use crate::backend;
use crate::environment;

/// Runs all checks and returns their findings in output order. The checks are independent, except that those of the
/// allocations need a readable registry.
pub(crate) fn examine() -> Vec<Finding> {
    let (store, own) = store::check();
    let is_readable = own.is_some();
    let daemon = daemon::check();
    // A daemon that the environment names may serve another registry, so check the allocations of that.
    let allocations = match environment::address() {
        Ok(Some(named)) if daemon.status != CheckStatus::Problem => allocations_of(named),
        _ => own,
    };
    let allocations = allocations.as_deref();
    // A single look at the system answers for all ports.
    let services = allocations.map(|all| AllocationStatus::of_all(all.to_vec()));
    let services = services.as_ref().map(Result::as_deref);
    let (git, is_git_usable) = git::check();
    vec![
        home::check(is_readable),
        store,
        daemon,
        pidfile::check(),
        path::check(),
        git,
        checkout::check(allocations, is_git_usable),
        ports::check(),
        listeners::check(services),
        checkouts::check(allocations, services.and_then(Result::ok), is_git_usable),
        compose::check(allocations),
    ]
}

/// Asks a daemon for its allocations.
fn allocations_of(address: Address) -> Option<Vec<Allocation>> {
    let backend = backend::connect(address).ok()?;
    backend.list(&Filter::new()).ok()
}
