//! `portctl` with a registry and ports of its own.

use std::process::Command;

use crate::PORTCTL;
use serde_json::Value;
use test_support::{Ran, Sandbox, free_block};

/// How many ports there are to choose from.
pub(super) const PORTS: u16 = 8;

/// A sandbox with a registry that chooses from a few ports.
pub(super) struct Portctl {
    pub(super) sandbox: Sandbox,
    pub(super) first: u16,
}

impl Portctl {
    pub(super) fn new() -> Portctl {
        Portctl {
            sandbox: Sandbox::new(),
            first: free_block(PORTS),
        }
    }

    pub(super) fn command(&self, words: &[&str]) -> Command {
        let range = format!("{}-{}", self.first, self.first + PORTS - 1);
        let mut command = self.sandbox.command(PORTCTL);
        command.env("PORT_REGISTRY_RANGE", range).args(words);
        command
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }

    #[track_caller]
    pub(super) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(self.run(words).printed()).unwrap()
    }

    /// Compares snapshots with what differs from run to run put in general terms.
    pub(super) fn in_general_terms(&self, compare: impl FnOnce()) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.first + offset);
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(compare);
    }
}
