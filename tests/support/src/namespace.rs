//! Namespaces of the kernel, for what a test must not do to the machine it runs on.

use std::process::Command;

use crate::{Sandbox, is_to_be_had};

/// A command that runs what is added to it in namespaces of its own, such as `--net`, as their root.
/// `None` where they may not be made, or where `trial`, a line of shell, fails in them.
pub fn command(sandbox: &Sandbox, namespace: &str, trial: &str) -> Option<Command> {
    let unshare = || {
        let mut command = sandbox.command("unshare");
        command.args(["--user", "--map-root-user", namespace, "--"]);
        command
    };
    let what = format!("a namespace of the kernel ({namespace})");
    is_to_be_had(&what, unshare().args(["sh", "-c", trial])).then(unshare)
}
