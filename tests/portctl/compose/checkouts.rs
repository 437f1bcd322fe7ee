//! A repository with a project, checked out three times.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::difference::Printed;
use super::engine::Engine;
use super::project::{ComposeCall, SampleProject};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, is_available, namespace};

/// Switches on the loopback interface of a new network namespace, where every port is available.
const UP: &str = "ip link set lo up";

/// Folders of the checkouts: the main one, and two linked worktrees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Folders {
    /// Compose derives other project names from them.
    Different,
    /// Compose derives equal project names from them.
    Equal,
}

/// A main checkout and two linked worktrees with the files of a project.
#[derive(Debug)]
pub(super) struct Checkouts<'a> {
    pub(super) sandbox: Sandbox,
    pub(super) engine: Engine,
    call: &'a ComposeCall,
    pub(super) main: PathBuf,
    pub(super) linked: [PathBuf; 2],
}

impl<'a> Checkouts<'a> {
    pub(super) fn new(project: &'a SampleProject, folders: Folders) -> Checkouts<'a> {
        let sandbox = Sandbox::in_memory();
        let names = match folders {
            Folders::Different => ["orchard", "pear", "plum"],
            Folders::Equal => ["orchard", "1/orchard", "2/orchard"],
        };
        let [main, first, second] = names.map(|it| sandbox.work().join(it));
        let copied = [&project.files, &main].map(|it| it.to_str().unwrap());
        let ran = sandbox.run("cp", &["-R", copied[0], copied[1]]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        sandbox.git(&main, &["init", "-q"]);
        sandbox.git(&main, &["add", "-A", "-f"]);
        sandbox.git(&main, &["commit", "-q", "-m", "project"]);
        for (branch, linked) in [("first", &first), ("second", &second)] {
            let linked = linked.to_str().unwrap();
            sandbox.git(&main, &["worktree", "add", "-q", "-b", branch, linked]);
        }
        Checkouts {
            engine: Engine::new(&sandbox),
            sandbox,
            call: &project.call,
            main,
            linked: [first, second],
        }
    }

    /// Prepares a program in the project's folder of a checkout.
    fn command(&self, mut command: Command, checkout: &Path) -> Command {
        self.engine.serve(&mut command);
        command
            .current_dir(checkout.join(&self.call.folder))
            .envs(&self.call.environment);
        command
    }

    /// Prepares Docker Compose with the options of the project.
    pub(super) fn compose(&self, checkout: &Path, words: &[&str]) -> Command {
        let mut command = self.command(self.sandbox.command("docker"), checkout);
        command.arg("compose").args(&self.call.arguments);
        command.args(words);
        command
    }

    /// Prepares `portctl`, where every port of the system is available.
    pub(super) fn portctl(&self, checkout: &Path, words: &[&str]) -> Command {
        let command = namespace::command(&self.sandbox, "--net", UP).unwrap();
        let mut command = self.command(command, checkout);
        let script = format!("{UP} && exec \"$0\" \"$@\"");
        command.args(["sh", "-c", &script, PORTCTL]).args(words);
        command
    }

    /// Prepares `portctl compose` with the options of the project.
    pub(super) fn portctl_compose(&self, checkout: &Path, words: &[&str]) -> Command {
        let mut command = self.portctl(checkout, &["compose"]);
        command.args(&self.call.arguments).args(words);
        command
    }

    /// Returns the project as Compose prints it.
    pub(super) fn plain(&self, checkout: &Path) -> Result<Printed, String> {
        printed_project(&mut self.compose(checkout, &CONFIG))
    }

    /// Panics if git sees a difference to the committed files.
    #[track_caller]
    pub(super) fn expect_unchanged(&self, checkout: &Path) {
        let mut command = self.sandbox.command("git");
        command.current_dir(checkout);
        let ran = Ran::of(command.args(["status", "--porcelain", "--ignored"]));
        assert_eq!(ran.printed(), "");
    }
}

/// Arguments by which Compose prints the whole project, with the services of all profiles.
pub(super) const CONFIG: [&str; 5] = ["--profile", "*", "config", "--format", "json"];

/// Runs a command with the words of [`CONFIG`], and parses the project. Returns the error as text.
pub(super) fn printed_project(command: &mut Command) -> Result<Printed, String> {
    let ran = Ran::of(command);
    if ran.code != Some(0) {
        return Err(format!("{:?}: {}", ran.code, ran.stderr));
    }
    let project = serde_json::from_str(&ran.stdout);
    let project = project.map_err(|it| format!("{it}: {}", ran.stdout))?;
    Ok(Printed::new(project))
}

/// Returns true if Docker Compose and network namespaces are available.
pub(super) fn are_programs_available(sandbox: &Sandbox) -> bool {
    let mut compose = sandbox.command("docker");
    compose.args(["compose", "version"]);
    is_available("Docker Compose", &mut compose)
        && namespace::command(sandbox, "--net", UP).is_some()
}
