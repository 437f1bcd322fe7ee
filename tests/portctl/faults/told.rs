//! The words of a program that failed, and the rows of the registry.

use port_registry::{Filter, Registry};
use test_support::{Ran, Sandbox};

/// What a registry holds: of each allocation the number, the service and the port.
pub(super) type Rows = Vec<(u64, String, u16)>;

/// What the registry of a sandbox holds, which must be in order.
#[track_caller]
pub(super) fn rows(sandbox: &Sandbox) -> Rows {
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

/// What is on the one line that a command complained in, having failed; a hint may follow it.
#[track_caller]
pub(super) fn complaint(ran: &Ran) -> &str {
    let said = ran.complained(1);
    assert!(!said.contains("panicked"), "{ran:?}");
    let (line, hint) = said.split_once('\n').unwrap_or((said, "hint: "));
    let is_hint = hint.starts_with("hint: ") && !hint.contains('\n');
    assert!(is_hint, "{ran:?}");
    line.strip_prefix("error: ")
        .unwrap_or_else(|| panic!("{ran:?}"))
}
