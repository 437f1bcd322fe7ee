//! Conditions of a test run: available tools, its length, and waiting.

use std::io::Write;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Returns true if `trial` succeeds, which shows that the system has the tool that a test needs.
///
/// If it fails, the test is skipped. In CI, it panics instead, so that no test is skipped unnoticed.
#[track_caller]
pub fn is_available(what: &str, trial: &mut Command) -> bool {
    let is_there = trial.output().is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "{what} is needed"
    );
    if !is_there {
        let _ = writeln!(std::io::stderr(), "skipped: {what} is not available");
    }
    is_there
}

/// Factor by which repeated tests run longer, from `PORT_REGISTRY_SOAK`. 1 by default.
pub fn soak() -> u32 {
    let factor = std::env::var("PORT_REGISTRY_SOAK");
    factor.map_or(1, |factor| factor.parse().unwrap())
}

/// Creates a temporary folder in memory, or on disk if the system has no `/dev/shm`.
pub fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Polls until `is_so` returns true. Panics after a minute.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < give_up, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a process has ended. Panics after a minute.
#[track_caller]
pub fn wait_for_exit(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_until("the process ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

/// Waits until `ps` reports a process as stopped.
#[track_caller]
pub(crate) fn wait_until_stopped(pid: u32) {
    wait_until("the process is stopped", || is_stopped(pid));
}

/// Returns true if `ps` reports a process as stopped.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let pid = pid.to_string();
    let ps = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid])
        .output();
    ps.unwrap().stdout.starts_with(b"T")
}

/// Sets a soft resource limit of a running process.
#[cfg(target_os = "linux")]
#[track_caller]
pub fn set_limit(pid: u32, resource: &str, limit: &str) {
    let limit = format!("--{resource}={limit}:");
    let mut command = Command::new("prlimit");
    let status = command.args(["--pid", &pid.to_string(), &limit]).status();
    assert!(status.unwrap().success());
}
