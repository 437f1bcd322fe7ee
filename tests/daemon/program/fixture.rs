//! Files and error messages of a daemon in a sandbox.

use std::fs;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use test_support::Sandbox;
use test_support::daemon::PORT_REGISTRY;

pub(super) const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

pub(super) fn pidfile(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".port-registry/port-registry.pid")
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(super) fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs a daemon that must fail, and returns its message with values redacted that differ between
/// runs.
pub(super) fn failure(sandbox: &Sandbox, args: &[&str]) -> String {
    let ran = sandbox.run(&*PORT_REGISTRY, args);
    let message = ran.complained(1);
    let message = message.replace(sandbox.path().to_str().unwrap(), "[SANDBOX]");
    // Error numbers differ between systems.
    match message.split_once(" (os error ") {
        Some((text, rest)) => format!("{text}{}", rest.split_once(')').unwrap().1),
        None => message,
    }
}
