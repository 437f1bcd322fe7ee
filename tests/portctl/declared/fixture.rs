//! A project with a `portctl.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block};

/// A checkout, and ports that no other test uses.
pub(super) struct Project {
    pub(super) sandbox: Sandbox,
    pub(super) root: PathBuf,
    /// The first of eight ports.
    pub(super) port: u16,
}

impl Project {
    /// Makes a folder outside of git.
    pub(super) fn new() -> Project {
        let sandbox = Sandbox::in_memory();
        let root = sandbox.work().join("shop");
        fs::create_dir(&root).unwrap();
        let port = free_block(8);
        Project {
            sandbox,
            root,
            port,
        }
    }

    /// Makes a repository with one commit.
    pub(super) fn in_git() -> Project {
        let project = Project::new();
        project.git(&["init", "-q"]);
        project.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        project
    }

    pub(super) fn git(&self, words: &[&str]) {
        self.sandbox.git(&self.root, words);
    }

    /// Declares `web` and `db` with the first two ports, and `api` without one.
    pub(super) fn declare(&self, rest: &str) {
        let (web, db) = (self.port, self.port + 1);
        let services = format!(
            "[services]\nweb = {web}\ndb = {{ port = {db}, env = [\"DB_PORT\", \"PGPORT\"] }}\napi = {{}}\n"
        );
        self.write("portctl.toml", &format!("{services}{rest}"));
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).unwrap()
    }

    /// A command that chooses from the eight ports only.
    pub(super) fn command(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        let range = format!("{}-{}", self.port, self.port + 7);
        command.env("PORT_REGISTRY_RANGE", range);
        command.args(words).current_dir(folder);
        command
    }

    pub(super) fn run_in(&self, folder: &Path, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(folder, words))
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        self.run_in(&self.root, words)
    }

    /// The services of all checkouts with their ports, by id.
    pub(super) fn held(&self) -> Vec<(String, u16)> {
        let ran = self.run(&["export", "--json"]);
        let held: Vec<Value> = serde_json::from_str(ran.printed()).unwrap();
        let held = held.iter().map(|it| {
            let port = it["port"].as_u64().unwrap();
            let service = it["service"].as_str().unwrap();
            (service.to_owned(), u16::try_from(port).unwrap())
        });
        held.collect()
    }
}
