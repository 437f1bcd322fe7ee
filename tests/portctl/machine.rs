//! A machine on which portctl starts and stops the daemon.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use port_registry::daemon::Presence;

use crate::PORTCTL;
use test_support::daemon::PORT_REGISTRY;
use test_support::{Ran, Sandbox, free_block};

/// A sandbox whose daemon listens at a port of its own. Dropping it kills the daemon.
pub(crate) struct Machine {
    pub(crate) sandbox: Sandbox,
    pub(crate) address: SocketAddr,
}

impl Machine {
    pub(crate) fn new() -> Machine {
        Machine {
            sandbox: Sandbox::in_memory(),
            address: SocketAddr::from(([127, 0, 0, 1], free_block(1))),
        }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        // portctl starts the daemon's program beside itself, so that one must have been built.
        assert!(PORT_REGISTRY.exists());
        let mut command = self.sandbox.command(PORTCTL);
        command
            .env("PORT_REGISTRY_ADDR", self.address.to_string())
            .args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }

    /// Starts the daemon, which must not be running yet. Returns its process id.
    #[track_caller]
    pub(crate) fn start(&self) -> u32 {
        pid_in(self.run(&["start"]).printed(), "Server started")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.sandbox.home().join(".port-registry")
    }

    pub(crate) fn pidfile(&self) -> PathBuf {
        self.folder().join("port-registry.pid")
    }

    /// Runs a command that must fail. Returns its error output with placeholders for the address and the sandbox.
    #[track_caller]
    pub(crate) fn complaint(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        ran.complained(1)
            .replace(&self.address.to_string(), "[ADDRESS]")
            .replace(self.sandbox.path().to_str().unwrap(), "[SANDBOX]")
    }

    /// The first line of `status` while this daemon runs.
    pub(crate) fn status(&self, pid: u32, health: &str) -> String {
        format!(
            "Server is running (pid {pid}) {health} at http://{}",
            self.address
        )
    }

    #[track_caller]
    pub(crate) fn assert_healthy(&self, pid: u32) {
        assert_eq!(self.run(&["status"]).printed(), self.status(pid, "healthy"));
    }

    #[track_caller]
    pub(crate) fn assert_not_running(&self) {
        let status = self.run(&["status"]);
        assert_eq!(status.code, Some(0));
        assert_eq!(status.stdout, "Server is not running\n");
        let note = format!(
            "note: nothing listens at {}, which PORT_REGISTRY_ADDR names\n",
            self.address
        );
        assert_eq!(status.stderr, note);
        assert_eq!(self.complaint(&["stop"]), "error: Server is not running");
        assert!(
            self.complaint(&["health"])
                .starts_with("error: nothing listens at [ADDRESS]")
        );
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(Presence::Running { pid, .. }) = Presence::of(&self.pidfile()) {
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -9 {pid}")])
                .status();
        }
    }
}

/// Parses the process id from output such as `Server started (pid 7)`.
#[track_caller]
pub(crate) fn pid_in(printed: &str, words: &str) -> u32 {
    let rest = printed
        .strip_prefix(words)
        .unwrap_or_else(|| panic!("{printed}"));
    let number = rest.trim_start().strip_prefix("(pid ").unwrap();
    number.split(')').next().unwrap().parse().unwrap()
}
