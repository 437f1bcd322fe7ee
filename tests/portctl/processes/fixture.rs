//! Processes and registries that share a store.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use port_registry::{Claim, Registry, ServiceKey, Verdict};
use test_support::helper::Helper;
use test_support::program;

/// Opens a registry with a timeout that suits a slow disk shared by many processes.
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

/// Starts `test-store-user` on the store.
pub(super) fn start(store: &Path, action: &[&str]) -> Helper {
    // Ignore SIGXFSZ, so that a write beyond the file size limit fails instead of killing the process.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command
        .arg(program("test-store-user"))
        .arg(store)
        .args(action);
    Helper::spawn(&mut command)
}
