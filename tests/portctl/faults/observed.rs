//! Error messages of failed programs, and the registry's allocations afterwards.

use port_registry::{Allocation, Filter};
use test_support::{Ran, Sandbox};

/// Id, service and port of each allocation of a registry.
pub(super) type HeldRows = Vec<(u64, String, u16)>;

/// Verifies the registry of a sandbox, and returns its allocations.
#[track_caller]
pub(super) fn allocations(sandbox: &Sandbox) -> Vec<Allocation> {
    let registry = sandbox.registry();
    registry.verify().unwrap();
    registry.list(&Filter::new()).unwrap()
}

/// Like [`allocations`], reduced to ids, services and ports.
#[track_caller]
pub(super) fn rows(sandbox: &Sandbox) -> HeldRows {
    let row = |it: &Allocation| (it.id.get(), it.key.service().to_owned(), it.port.get());
    allocations(sandbox).iter().map(row).collect()
}

/// Returns the error message of a failed command. Panics unless it is one line, which a hint may follow.
#[track_caller]
pub(super) fn error_line(ran: &Ran) -> &str {
    let stderr = ran.complained(1);
    assert!(!stderr.contains("panicked"), "{ran:?}");
    let (line, hint) = stderr.split_once('\n').unwrap_or((stderr, "hint: "));
    let is_hint = hint.starts_with("hint: ") && !hint.contains('\n');
    assert!(is_hint, "{ran:?}");
    line.strip_prefix("error: ")
        .unwrap_or_else(|| panic!("{ran:?}"))
}
