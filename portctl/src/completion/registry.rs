//! The allocations that a command line is about. Reading them changes nothing.

use std::time::Duration;

use port_registry::{Allocation, Builder, Filter};

use super::line::TypedLine;
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::environment;

/// Returns all allocations, or none if they cannot be read.
pub(super) fn all() -> Vec<Allocation> {
    read(&Filter::new()).unwrap_or_default()
}

/// Returns the checkout that a command line is about. Returns `None` if the typed labels are invalid.
pub(super) fn here(line: &TypedLine) -> Option<Here<'static>> {
    let typed = |flag| line.value(flag).map(str::to_owned);
    let typed = TypedLabels::new(typed("--app"), typed("--instance")).ok()?;
    Some(Here::reading(
        |filter| Ok(read(filter).unwrap_or_default()),
        typed,
    ))
}

/// Returns the allocations that a command line selects by its labels.
pub(super) fn of_line(line: &TypedLine) -> Vec<Allocation> {
    let Some(here) = here(line) else {
        return Vec::new();
    };
    let is_of_all = line.has("--all");
    let typed = here.typed().clone();
    let typed = if is_of_all { typed.of_flags() } else { typed };
    if !is_of_all && !typed.are_given() {
        return here.all().unwrap_or_default();
    }
    let mut filter = typed.filter();
    if !is_of_all && let Ok(app) = here.app() {
        filter = filter.with_app(app);
    }
    read(&filter).unwrap_or_default()
}

/// Returns the allocations of the app whose services have no port in this checkout.
pub(super) fn of_others(line: &TypedLine) -> Vec<Allocation> {
    let Some(here) = here(line) else {
        return Vec::new();
    };
    let app = here.app().ok();
    let of_app = app.and_then(|app| read(&Filter::new().with_app(app)));
    let own = here.current().unwrap_or_default();
    let mut others = of_app.unwrap_or_default();
    others.retain(|it| own.iter().all(|own| own.key.service() != it.key.service()));
    others
}

/// Returns the services that the project file of the checkout declares.
pub(super) fn declared(line: &TypedLine) -> Vec<String> {
    let here = here(line);
    let declared = here.as_ref().map(Here::declarations);
    let Some(Ok(Some(declared))) = declared else {
        return Vec::new();
    };
    declared.names()
}

fn read(filter: &Filter) -> Option<Vec<Allocation>> {
    if let Some(address) = environment::address().ok()? {
        return backend::connect(address).ok()?.list(filter).ok();
    }
    let registry = Builder::from_env().ok()?.with_wait(Duration::ZERO);
    registry.open().ok()?.list(filter).ok()
}
