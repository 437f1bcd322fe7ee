//! A sandbox with `portctl`, which uses the registry in process or through a daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::PORTCTL;
use test_support::daemon::Daemon;
use test_support::{Ran, Sandbox, free_block};

/// A sandbox with `portctl`, and possibly a daemon.
pub(crate) struct Machine {
    pub(crate) sandbox: Sandbox,
    daemon: Option<Daemon>,
}

/// Runs a test on two machines: in process on one, through a daemon on the other.
pub(crate) fn both_ways(test: impl Fn(&Machine)) {
    both_ways_in(Sandbox::in_memory, test);
}

/// Like [`both_ways`], but on a disk, because some kernels keep fewer attributes of files in memory.
pub(super) fn both_ways_on_disk(test: impl Fn(&Machine)) {
    both_ways_in(Sandbox::new, test);
}

fn both_ways_in(new: fn() -> Sandbox, test: impl Fn(&Machine)) {
    let daemonless = Machine {
        sandbox: new(),
        daemon: None,
    };
    test(&daemonless);
    let sandbox = new();
    let daemon = Some(Daemon::start(&sandbox));
    test(&Machine { sandbox, daemon });
}

impl Machine {
    pub(crate) fn work(&self) -> PathBuf {
        self.sandbox.work()
    }

    pub(crate) fn program(&self, program: &str, folder: &Path) -> Command {
        let mut command = self.sandbox.command(program);
        if let Some(daemon) = &self.daemon {
            command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
        }
        command.current_dir(folder);
        command
    }

    pub(crate) fn command(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = self.program(PORTCTL, folder);
        command.args(words);
        command
    }

    pub(crate) fn run_in(&self, folder: &Path, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(folder, words))
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_in(&self.work(), words)
    }

    /// Allocates a port that no other test uses to a service of the work folder.
    #[track_caller]
    pub(crate) fn port_of(&self, service: &str) -> u16 {
        let port = free_block(1);
        let line = ["get", service, "--port", &port.to_string()];
        self.run(&line).printed();
        port
    }

    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(self.run(words).printed()).unwrap()
    }

    /// Exports all allocations, and removes their ids.
    pub(crate) fn held(&self) -> Vec<Value> {
        let mut held = self.json(&["export"]).as_array().unwrap().clone();
        for allocation in &mut held {
            allocation.as_object_mut().unwrap().remove("id");
        }
        held
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}
