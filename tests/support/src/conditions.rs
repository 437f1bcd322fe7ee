//! The conditions of a test: tools, patience and the length of the run.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Whether something is there that a test needs of the system, as a command shows by succeeding. A
/// test goes without only where nobody has promised it: in CI it is an error.
#[track_caller]
pub fn is_to_be_had(what: &str, trial: &mut Command) -> bool {
    let is_there = trial.output().is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "{what} is needed"
    );
    if !is_there {
        let _ = writeln!(std::io::stderr(), "skipped: {what} is not to be had here");
    }
    is_there
}

/// How much more than usual is to be done, of what can be done over and over.
pub fn soak() -> u32 {
    let factor = std::env::var("PORT_REGISTRY_SOAK");
    factor.map_or(1, |factor| factor.parse().unwrap())
}

/// A folder in memory, where there is such a file system: for what does not depend on a disk.
pub fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Waits for something to come true, for a minute at most.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < give_up, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the kernel says that a process is stopped.
#[track_caller]
pub(crate) fn wait_until_stopped(pid: u32) {
    let pid = pid.to_string();
    wait_until("the process is stopped", || {
        let ps = Command::new("ps")
            .args(["-o", "stat=", "-p", &pid])
            .output();
        ps.unwrap().stdout.starts_with(b"T")
    });
}
