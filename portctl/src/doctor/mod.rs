//! Finds what can be wrong on this machine, and the way out of it. Everything is only looked at: nothing is
//! created, mended, started or stopped.

mod checkouts;
mod daemon;
mod exposure;
mod finding;
mod git;
mod home;
mod listeners;
mod path;
mod pidfile;
mod process;
mod store;

use port_registry::{Allocation, Filter};

pub(crate) use self::finding::{Finding, Status};
use crate::address::Address;
use crate::backend;
use crate::environment;

/// Makes all checks, in the order in which they are told. None of them hinges on what another one
/// finds, but that those of the allocations need a registry that can be read.
pub(crate) fn examine() -> Vec<Finding> {
    let (store, own) = store::check();
    let is_readable = own.is_some();
    let daemon = daemon::check();
    // A daemon that was named has a registry of its own, if it answers.
    let allocations = match environment::address() {
        Ok(Some(named)) if daemon.status != Status::Problem => held_by(named),
        _ => own,
    };
    let allocations = allocations.as_deref();
    vec![
        home::check(is_readable),
        store,
        daemon,
        pidfile::check(),
        path::check(),
        git::check(),
        listeners::check(allocations),
        checkouts::check(allocations),
    ]
}

/// The allocations of a daemon's registry, if it can be asked.
fn held_by(named: Address) -> Option<Vec<Allocation>> {
    let backend = backend::open(Some(named)).ok()?;
    backend.list(&Filter::default()).ok()
}
