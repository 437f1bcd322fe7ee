//! What the programs do when the system fails them: calls about the store's files fail, or the
//! process is killed at one; the disk is full; the store may not be written, or not even read; hardly
//! a file may be opened; the clock jumps back.
//!
//! Nothing that was acknowledged is ever lost, no answer is wrong, nothing panics, the error says
//! what is the matter, and all works again once the cause is gone.
//!
//! `PORT_REGISTRY_SOAK` of 2 or more makes every call fail, in more ways, instead of a choice of them.

#![cfg(target_os = "linux")]

#[path = "faults/calls.rs"]
mod calls;
#[path = "faults/clock.rs"]
mod clock;
#[path = "support/daemon.rs"]
mod daemon;
#[path = "faults/descriptors.rs"]
mod descriptors;
#[path = "faults/detection.rs"]
mod detection;
#[path = "faults/forbidden.rs"]
mod forbidden;
#[path = "faults/full_disk.rs"]
mod full_disk;
#[path = "faults/injection.rs"]
mod injection;
#[path = "support/namespace.rs"]
mod namespace;
#[path = "faults/served.rs"]
mod served;
mod support;

use daemon::PORT_REGISTRY;
use port_registry::{Filter, Registry};
use support::{Ran, Sandbox};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// What a registry holds: of each allocation the number, the service and the port.
type Rows = Vec<(u64, String, u16)>;

/// What the registry of a sandbox holds, which must be in order.
#[track_caller]
fn rows(sandbox: &Sandbox) -> Rows {
    let registry = Registry::builder().path(sandbox.store()).open().unwrap();
    registry.verify().unwrap();
    let listed = registry.list(&Filter::default()).unwrap();
    let row =
        |it: &port_registry::Allocation| (it.id.get(), it.key.service().to_owned(), it.port.get());
    listed.iter().map(row).collect()
}

/// What is on the one line that a command complained in, having failed; a hint may follow it.
#[track_caller]
fn complaint(ran: &Ran) -> &str {
    let said = ran.complained(1);
    assert!(!said.contains("panicked"), "{ran:?}");
    let (line, hint) = said.split_once('\n').unwrap_or((said, "hint: "));
    let is_hint = hint.starts_with("hint: ") && !hint.contains('\n');
    assert!(is_hint, "{ran:?}");
    line.strip_prefix("error: ")
        .unwrap_or_else(|| panic!("{ran:?}"))
}

/// What a daemon said that could not start.
#[track_caller]
fn daemon_complaint(sandbox: &Sandbox) -> String {
    // One that starts is ended after a while.
    let mut command = sandbox.command("timeout");
    command.arg("20").arg(&*PORT_REGISTRY).args(["--port", "0"]);
    complaint(&Ran::of(&mut command)).to_owned()
}
