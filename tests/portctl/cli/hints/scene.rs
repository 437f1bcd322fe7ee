//! A registry that is put back before each command.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use test_support::{Ran, Sandbox, free_port, install_script, installed};

use super::answer::{Mistake, words_of};
use super::files::Files;
use crate::PORTCTL;
use crate::cli::fixture::Portctl;

/// Programs that command lines name, apart from `portctl`.
const PROGRAMS: [&str; 9] = [
    "docker", "make", "node", "npm", "npx", "prog", "cat", "exec", "foo",
];

/// Commands that would use the machine's daemon without an address.
const DAEMON_COMMANDS: [&str; 5] = ["start", "stop", "restart", "status", "health"];

/// A home and a work folder where `web` and `api` have ports, and a PATH that has few programs.
pub(super) struct Scene {
    portctl: Portctl,
    /// The files before each command line that is typed.
    fresh: Files,
    /// The files after the one that was typed last.
    typed: Files,
}

/// Result of a command that a hint names.
pub(super) struct Followed {
    /// The exit code of each run of portctl.
    pub(super) codes: Vec<i32>,
    pub(super) ran: Ran,
    /// The services that had a port before, and have none now.
    pub(super) released: BTreeSet<String>,
}

impl Scene {
    pub(super) fn new() -> Scene {
        let portctl = Portctl::new();
        let top = portctl.sandbox.path();
        let programs = top.join("programs");
        fs::create_dir(&programs).unwrap();
        for name in PROGRAMS {
            install_script("#!/bin/sh\n", &programs.join(name));
        }
        for name in ["sh", "env", "true"] {
            symlink(installed(name), programs.join(name)).unwrap();
        }
        // It succeeds, so that a command behind an `&&` runs in any case.
        let recorder = format!(
            "#!/bin/sh\n'{PORTCTL}' \"$@\"\necho $? >>'{}'\n",
            top.join("codes").display()
        );
        install_script(&recorder, &programs.join("portctl"));
        portctl.run(&["get", "web", "api"]).printed();
        let read = || Files::in_folders(&folders_of(&portctl.sandbox));
        let (fresh, typed) = (read(), read());
        Scene {
            portctl,
            fresh,
            typed,
        }
    }

    /// Runs a command line, without a shell.
    pub(super) fn type_line<'a>(&mut self, line: &'a str) -> Mistake<'a> {
        let folders = folders_of(&self.portctl.sandbox);
        self.fresh.put_back(&folders);
        let words = words_of(line);
        let words_as_typed: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.portctl.command(&words_as_typed);
        let ran = Ran::of(command.env("PATH", self.path("programs")));
        self.typed = Files::in_folders(&folders);
        Mistake { line, words, ran }
    }

    /// Runs a command of a hint in a shell, after the line that was typed last.
    pub(super) fn follow(&self, hint: &str) -> Followed {
        self.typed.put_back(&folders_of(&self.portctl.sandbox));
        fs::write(self.path("codes"), "").unwrap();
        let before = self.services();
        let mut command = self.shell(hint);
        let ran = if words_of(hint)
            .iter()
            .any(|it| DAEMON_COMMANDS.contains(&&**it))
        {
            let address = format!("127.0.0.1:{}", free_port());
            let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", &address));
            let mut stop = self.portctl.command(&["stop"]);
            Ran::of(stop.env("PORT_REGISTRY_ADDR", &address));
            ran
        } else {
            Ran::of(&mut command)
        };
        let codes = fs::read_to_string(self.path("codes")).unwrap();
        Followed {
            codes: codes.lines().map(|it| it.parse().unwrap()).collect(),
            ran,
            released: before.difference(&self.services()).cloned().collect(),
        }
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = self.portctl.command_of("sh");
        command
            .env("PATH", self.path("programs"))
            .args(["-c", line]);
        command
    }

    /// Returns the services of all allocations.
    fn services(&self) -> BTreeSet<String> {
        // Unlike `list`, it does not look at the system.
        let exported = self.portctl.json(&["export"]);
        let allocations = exported.as_array().unwrap().iter();
        allocations
            .map(|it| it["service"].as_str().unwrap().to_owned())
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.portctl.sandbox.path().join(name)
    }
}

/// Returns the folders that are put back.
fn folders_of(sandbox: &Sandbox) -> [PathBuf; 2] {
    [sandbox.home(), sandbox.work()]
}
