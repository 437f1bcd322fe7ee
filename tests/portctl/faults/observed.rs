//! Error messages of failed programs, and the registry's allocations afterwards.

use port_registry::{Filter, Registry};
use test_support::{Ran, Sandbox};

/// Id, service and port of each allocation of a registry.
pub(super) type HeldRows = Vec<(u64, String, u16)>;

/// Verifies the registry of a sandbox, and returns its allocations.
#[track_caller]
pub(super) fn rows(sandbox: &Sandbox) -> HeldRows {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    registry.verify().unwrap();
    let listed = registry.list(&Filter::new()).unwrap();
    let row =
        |it: &port_registry::Allocation| (it.id.get(), it.key.service().to_owned(), it.port.get());
    listed.iter().map(row).collect()
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
