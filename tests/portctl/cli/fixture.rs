//! `portctl` with its own registry and port range.

use std::process::Command;

use crate::PORTCTL;
use serde_json::Value;
use test_support::{Ran, Sandbox, free_block};

/// Number of ports in the range.
pub(super) const PORTS: u16 = 8;

/// A sandbox with a small port range.
pub(super) struct Portctl {
    pub(super) sandbox: Sandbox,
    pub(super) first: u16,
}

impl Portctl {
    pub(super) fn new() -> Portctl {
        Portctl {
            sandbox: Sandbox::in_memory(),
            first: free_block(PORTS),
        }
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.command_of(PORTCTL);
        command.args(args);
        command
    }

    /// Prepares another program that may run portctl.
    pub(super) fn command_of(&self, program: &str) -> Command {
        let range = format!("{}-{}", self.first, self.first + PORTS - 1);
        let mut command = self.sandbox.command(program);
        command.env("PORT_REGISTRY_RANGE", range);
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    #[track_caller]
    pub(super) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(self.run(args).printed()).unwrap()
    }

    /// Compares snapshots with values redacted that differ between runs.
    pub(super) fn with_redactions(&self, compare: impl FnOnce()) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.first + offset);
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(compare);
    }
}
