//! The allocations that a command line is about. Reading them changes nothing.

use std::time::Duration;

use port_registry::{Allocation, Builder, Filter};

use super::line::TypedLine;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::environment;

/// Returns all allocations, or none if they cannot be read.
pub(super) fn all() -> Vec<Allocation> {
    read(&Filter::new()).unwrap_or_default()
}

/// Returns the app and the instance that were typed, or else those of this checkout.
pub(super) fn names(line: &TypedLine) -> CheckoutNames {
    let typed = |flag| line.value(flag).map(str::to_owned);
    CheckoutNames::new(typed("--app"), typed("--instance"))
}

/// Returns the allocations that a command line selects by its names.
pub(super) fn of_line(line: &TypedLine, names: &CheckoutNames) -> Vec<Allocation> {
    let is_of_all = line.has("--all");
    let filter = if is_of_all {
        names.filter_of_all(None)
    } else {
        names.filter(None)
    };
    let mut found = filter.ok().and_then(|it| read(&it)).unwrap_or_default();
    if !is_of_all && line.value("--app").is_none() {
        // Another checkout may have the same names.
        let own = names.own();
        found.retain(|it| own.has(it));
    }
    found
}

/// Returns the allocations of other instances of the app whose services have no port in this instance.
pub(super) fn of_other_instances(names: &CheckoutNames) -> Vec<Allocation> {
    let Ok(this) = names.filter_of_instance() else {
        return Vec::new();
    };
    let of_app = this.app().map(|app| Filter::new().with_app(app));
    let found = of_app.and_then(|it| read(&it)).unwrap_or_default();
    let (own, mut others): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| this.matches(it));
    others.retain(|it| own.iter().all(|own| own.key.service() != it.key.service()));
    others
}

fn read(filter: &Filter) -> Option<Vec<Allocation>> {
    if let Some(address) = environment::address().ok()? {
        return backend::connect(address).ok()?.list(filter).ok();
    }
    let registry = Builder::from_env().ok()?.with_wait(Duration::ZERO);
    registry.list_unchanged(filter).ok()
}
