//! What can be wrong on this machine, and the way out of it. All of it is only looked at: nothing is
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

pub(crate) use self::finding::{Finding, Status};

/// Makes all checks, in the order in which they are told. None of them hinges on what another one
/// finds, but that those of the allocations need a registry that can be read.
pub(crate) fn examine() -> Vec<Finding> {
    let (store, allocations) = store::check();
    let allocations = allocations.as_deref();
    vec![
        home::check(allocations.is_some()),
        store,
        daemon::check(),
        pidfile::check(),
        path::check(),
        git::check(),
        listeners::check(allocations),
        checkouts::check(allocations),
    ]
}
