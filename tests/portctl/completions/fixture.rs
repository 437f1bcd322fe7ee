//! A sandbox with a registry and with `portctl` on the PATH.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use port_registry::{Claim, ListenerPolicy, Port, ServiceKey};
use test_support::{Ran, Sandbox, path_with};

use crate::PORTCTL;

/// The app and the instance of the work folder.
pub(super) const OWN: (&str, &str) = ("work", "default");

/// Ports are counted from here. Nothing is bound.
const FIRST_PORT: u16 = 4001;

pub(super) struct Desk {
    pub(super) sandbox: Sandbox,
}

impl Desk {
    /// Makes a registry with these services, each an app, an instance and a name. The first has port 4001.
    pub(super) fn with(services: &[(&str, &str, &str)]) -> Desk {
        let desk = Desk {
            sandbox: Sandbox::in_memory(),
        };
        fs::create_dir(desk.bin()).unwrap();
        std::os::unix::fs::symlink(PORTCTL, desk.bin().join("portctl")).unwrap();
        if services.is_empty() {
            return desk;
        }
        let registry = desk.sandbox.registry();
        for (port, (app, instance, service)) in (FIRST_PORT..).zip(services) {
            registry
                .allocate(claim((app, instance), service, port))
                .unwrap();
        }
        desk
    }

    /// The folder of programs that comes first on the PATH.
    pub(super) fn bin(&self) -> PathBuf {
        self.sandbox.path().join("bin")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(program);
        command.env("PATH", path_with(&[self.bin()]));
        command
    }

    /// Asks for completions of the last word, in the form for fish.
    pub(super) fn ask(&self, words: &[&str]) -> Ran {
        Ran::of(
            self.command(PORTCTL)
                .args(["__complete", "fish"])
                .args(words),
        )
    }

    /// Returns the words that are offered for the last word.
    #[track_caller]
    pub(super) fn offered(&self, words: &[&str]) -> Vec<String> {
        let ran = self.ask(words);
        let mut lines = ran.printed().lines();
        let directive = lines.next().unwrap();
        assert!(directive.starts_with("words "), "{words:?}: {ran:?}");
        let word = |line: &str| line.split('\t').next().unwrap().to_owned();
        lines.map(word).collect()
    }
}

/// Claims a port, whether or not something listens there.
pub(super) fn claim((app, instance): (&str, &str), service: &str, port: u16) -> Claim {
    Claim::new(ServiceKey::new(app, instance, service).unwrap())
        .with_port(Port::new(port).unwrap())
        .with_listener_policy(ListenerPolicy::Adopt)
}
