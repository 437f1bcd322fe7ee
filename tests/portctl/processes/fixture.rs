//! Other processes on one store.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use port_registry::{Claim, Registry, ServiceKey, Verdict};
use test_support::helper::Helper;
use test_support::program;

/// Enough patience for a slow disk with many at it.
pub(super) fn patient_registry(store: &Path) -> Registry {
    Registry::builder()
        .with_path(store)
        .with_wait(Duration::from_secs(60))
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap()
}

pub(super) fn claim(name: &str, number: u32) -> Claim {
    Claim::new(ServiceKey::new(name, "main", format!("service-{number}")).unwrap())
}

/// Another process that uses the store.
pub(super) fn start(store: &Path, action: &[&str]) -> Helper {
    // Writing beyond a limit is to fail, and not to end the process by a signal.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command
        .arg(program("test-store-user"))
        .arg(store)
        .args(action);
    Helper::spawn(&mut command)
}
