//! Kernel namespaces, which isolate a test from the machine it runs on.

use std::process::Command;

use crate::{Sandbox, is_available};

/// Returns a command that runs its arguments as root of a new namespace, such as `--net`.
///
/// Returns `None` if the namespace cannot be created, or if the shell command `trial` fails in it.
pub fn command(sandbox: &Sandbox, namespace: &str, trial: &str) -> Option<Command> {
    let unshare = || {
        let mut command = sandbox.command("unshare");
        command.args(["--user", "--map-root-user", namespace, "--"]);
        command
    };
    let what = format!("a kernel namespace ({namespace})");
    is_available(&what, unshare().args(["sh", "-c", trial])).then(unshare)
}
