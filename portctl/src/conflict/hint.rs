//! Commands that resolve a conflict, as hints name them.

use std::env;
use std::path::Path;

use port_registry::{Allocation, Checkout, Claim, Port};

use crate::output::wording;

/// The command that releases the port of an allocation, between backticks.
pub(crate) fn release_command(allocation: &Allocation) -> String {
    format!("`portctl release --id {}`", allocation.id)
}

/// The hint to release the port of an allocation.
pub(crate) fn release_hint(allocation: &Allocation) -> String {
    release_hint_if_gone(allocation)
        .unwrap_or_else(|| format!("run {} if nothing needs it", release_command(allocation)))
}

/// The hint to release the port of an allocation whose checkout is gone. Returns `None` if the checkout exists.
pub(crate) fn release_hint_if_gone(allocation: &Allocation) -> Option<String> {
    allocation.checkout_is_gone().then(|| {
        format!(
            "run {}, because its checkout is gone",
            release_command(allocation)
        )
    })
}

/// The command that registers a service that runs already.
pub(crate) fn adopt_command(claim: &Claim, port: Port) -> String {
    format!(
        "portctl allocate{}{} --port {port} --adopt",
        name_flags(claim),
        wording::service(claim.key().service())
    )
}

/// The flags that name the app and the instance. Returns an empty text if the current folder has these names.
pub(crate) fn name_flags(claim: &Claim) -> String {
    // Compare the roots, because a worktree may be inside another one.
    let is_here = |root: &Path| {
        let here = env::current_dir().ok();
        let here = here.and_then(|here| Checkout::open(&here).ok());
        here.is_some_and(|here| here.root() == root)
    };
    if claim.dir().is_some_and(|root| is_here(root)) {
        return String::new();
    }
    let (app, instance) = (claim.key().app(), claim.key().instance());
    wording::flag("--app", app) + &wording::flag("--instance", instance)
}
