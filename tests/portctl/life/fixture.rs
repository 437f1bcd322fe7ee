//! Helpers to run portctl from a shell, and to recognize a daemon that runs already.

use std::process::Command;

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use test_support::Ran;

/// Returns a shell that runs a script, with portctl as `$0`.
pub(super) fn shell(machine: &Machine, script: &str) -> Command {
    let mut command = machine.sandbox.command("sh");
    command
        .env("PORT_REGISTRY_ADDR", machine.address.to_string())
        .args(["-c", script, PORTCTL]);
    command
}

/// Asserts that `start` found the daemon running, and returns its process id.
#[track_caller]
pub(super) fn running_already(machine: &Machine, ran: &Ran) -> u32 {
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""), "{ran:?}");
    let at = format!(" at http://{}\n", machine.address);
    assert!(ran.stdout.ends_with(&at), "{ran:?}");
    pid_in(&ran.stdout, "Server is already running")
}
