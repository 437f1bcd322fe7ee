//! Assertions about the labels of a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Asserts the app, the instance and the checkout that portctl detects in a folder.
#[track_caller]
pub(super) fn assert_detected(
    sandbox: &Sandbox,
    folder: &Path,
    app: &str,
    instance: &str,
    checkout: &Path,
) {
    let portctl = &mut sandbox.command(PORTCTL);
    assert_detected_by(sandbox, portctl, folder, app, instance, checkout);
}

#[track_caller]
pub(super) fn assert_detected_by(
    sandbox: &Sandbox,
    portctl: &mut Command,
    folder: &Path,
    app: &str,
    instance: &str,
    checkout: &Path,
) {
    let ran = detect(sandbox, portctl.current_dir(folder));
    let printed: serde_json::Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(printed[0]["app"], app);
    assert_eq!(printed[0]["instance"], instance);
    assert_eq!(printed[0]["dir"], checkout.to_str().unwrap());
}

/// Asserts that portctl detects nothing in a folder, and says why.
#[track_caller]
pub(super) fn assert_undetected(sandbox: &Sandbox, folder: &Path, reason: &str) {
    let ran = detect(sandbox, sandbox.command(PORTCTL).current_dir(folder));
    let complaint = ran.complained(1);
    assert!(complaint.contains(reason), "{complaint}");
    assert!(
        complaint.contains("cannot identify the checkout of"),
        "{complaint}"
    );
}

/// Requests a port in a registry of its own, because a checkout keeps the labels of its first port.
pub(super) fn detect(sandbox: &Sandbox, portctl: &mut Command) -> Ran {
    let registry = tempfile::tempdir_in(sandbox.path()).unwrap();
    portctl.env("PORT_REGISTRY_DB", registry.path().join("ports.redb"));
    Ran::of(portctl.args(["get", "web", "--json"]))
}

/// Creates a sandbox with a repository `shop` that has one commit on `main` and no remote.
pub(super) fn shop() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::in_memory();
    let shop = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    sandbox.git(&shop, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    (sandbox, shop)
}

/// Returns what git prints in a folder.
pub(super) fn git_prints(sandbox: &Sandbox, folder: &Path, words: &[&str]) -> String {
    let ran = Ran::of(sandbox.command("git").args(words).current_dir(folder));
    ran.printed().to_owned()
}
