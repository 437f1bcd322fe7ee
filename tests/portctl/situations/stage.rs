//! Plays situations in sandboxes, with either backend.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;
use test_support::daemon::Daemon;
use test_support::helper::Helper;
use test_support::{
    Ran, Sandbox, folder_in_memory, free_block, install_script, installed, is_available,
    occupant_by, path_with, program,
};

use super::script::{Action, Situation, Step, parse};
use crate::PORTCTL;

const PORTS: u16 = 8;

/// `repo FOLDER [URL]` creates a repository with two commits on `main`, and an `origin`.
const REPO: &str = "#!/bin/sh -e
mkdir -p \"$1\"
cp -R \"$SEED/.\" \"$1\"
if [ \"$2\" ]; then git -C \"$1\" remote add origin \"$2\"; fi
";

/// The path of the shell, which starts faster than by its name, like git in sandboxes.
static SHELL: LazyLock<PathBuf> = LazyLock::new(|| installed("sh"));

/// The repository that `repo` copies, which is faster than to make it by git.
static SEED: LazyLock<TempDir> = LazyLock::new(|| {
    let (sandbox, seed) = (Sandbox::new(), folder_in_memory());
    sandbox.git(seed.path(), &["init", "-q", "--template="]);
    for content in ["one", "two"] {
        fs::write(seed.path().join("file"), content).unwrap();
        sandbox.git(seed.path(), &["add", "file"]);
        sandbox.git(seed.path(), &["commit", "-qm", content]);
    }
    fs::create_dir(seed.path().join(".git/hooks")).unwrap();
    seed
});

const GIT_CONFIG: &str = "[user]
name = Tester
email = tester@example.com
[init]
defaultBranch = main
[protocol \"file\"]
allow = always
[advice]
detachedHead = false
";

/// The tables, one in a file.
pub(super) const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/situations");

/// Plays every situation of a table in process, and again through a daemon, with the same expectations.
#[track_caller]
pub(super) fn play(table: &str) {
    let table = fs::read_to_string(format!("{TABLES}/{table}.txt")).unwrap();
    let situations = &parse(&table)[..];
    let failures = thread::scope(|scope| {
        [false, true]
            .map(|through_daemon| scope.spawn(move || play_all(situations, through_daemon)))
            .map(|failures| failures.join().unwrap())
            .concat()
    });
    assert!(failures.is_empty(), "\n{failures}");
}

/// Returns the failures of situations with one backend.
fn play_all(situations: &[Situation], through_daemon: bool) -> String {
    let first = free_block(PORTS);
    let backend = if through_daemon {
        "through a daemon"
    } else {
        "in process"
    };
    let mut failures = String::new();
    for situation in situations {
        let stage = Stage::new(first, through_daemon);
        if let Err(failure) = stage.play(situation) {
            writeln!(failures, "# {} ({backend})\n{failure}", situation.title).unwrap();
        }
    }
    failures
}

/// A sandbox for one situation.
struct Stage {
    sandbox: Sandbox,
    first: u16,
    through_daemon: bool,
    daemon: Option<Daemon>,
    occupants: Vec<Helper>,
    _registry: TempDir,
}

impl Stage {
    fn new(first: u16, through_daemon: bool) -> Stage {
        let sandbox = Sandbox::in_memory();
        let bin = sandbox.path().join("bin");
        fs::create_dir(&bin).unwrap();
        install_script(REPO, &bin.join("repo"));
        symlink(PORTCTL, bin.join("portctl")).unwrap();
        fs::write(sandbox.path().join("gitconfig"), GIT_CONFIG).unwrap();
        // Most of the time would be syncing new files to a disk, if the sandbox is on one.
        let registry = folder_in_memory();
        symlink(registry.path(), sandbox.home().join(".port-registry")).unwrap();
        Stage {
            sandbox,
            first,
            through_daemon,
            daemon: None,
            occupants: Vec::new(),
            _registry: registry,
        }
    }

    /// Plays all steps, until one is not as expected.
    fn play(mut self, situation: &Situation) -> Result<(), String> {
        if self.through_daemon {
            self.daemon();
        }
        for step in &situation.steps {
            if let Action::Need { command } = step.action
                && !self.has(command)?
            {
                return Ok(());
            }
            let played = self.play_step(step);
            played.map_err(|failure| format!("{}\n{failure}", step.line))?;
        }
        Ok(())
    }

    /// Tests if a situation can be played any further.
    fn has(&self, command: &str) -> Result<bool, String> {
        if command == "root" {
            return Ok(fs::metadata(self.sandbox.path()).unwrap().uid() == 0);
        }
        Ok(is_available(command, &mut self.shell("", command)?))
    }

    fn play_step(&mut self, step: &Step) -> Result<(), String> {
        let ran = match step.action {
            Action::Shell { folder, command } => {
                let ran = Ran::of(&mut self.shell(folder, command)?);
                if step.output.is_none() && step.notes.is_empty() && ran.code == Some(0) {
                    // Git reports its progress there.
                    return Ok(());
                }
                ran
            }
            Action::Portctl { folder, words } => self.portctl(folder, words)?,
            Action::Listen { folder, port } => {
                let mut command = Command::new(program("test-listener"));
                command.arg(self.expanded(port));
                command.current_dir(self.sandbox.path().join(folder));
                self.occupants.push(occupant_by(&mut command).0);
                return Ok(());
            }
            Action::Request { method, rest } => self.ask(method, rest),
            Action::Need { .. } => return Ok(()),
        };
        self.compare(step, &ran)
    }

    fn compare(&self, step: &Step, ran: &Ran) -> Result<(), String> {
        let (stdout, stderr) = (self.redacted(&ran.stdout), self.redacted(&ran.stderr));
        let printed: Vec<&str> = stdout.lines().collect();
        let notes: Vec<&str> = stderr.lines().collect();
        let are_expected = notes.len() == step.notes.len()
            && (notes.iter().zip(&step.notes)).all(|(note, part)| note.contains(part));
        let is_expected = ran.code == Some(step.code)
            && step.output.as_ref().is_none_or(|it| *it == printed)
            && are_expected;
        if is_expected {
            return Ok(());
        }
        let wanted = &step.notes;
        Err(format!(
            "expected: {:?} {wanted:#?} exit {}\nbut was: {printed:?} {notes:#?} exit {:?}\n",
            step.output, step.code, ran.code
        ))
    }

    fn shell(&self, folder: &str, command: &str) -> Result<Command, String> {
        let top = self.sandbox.path();
        let folder = top.join(folder);
        if !folder.is_dir() {
            return Err(format!("{} is no folder", folder.display()));
        }
        let mut shell = self.sandbox.command(&*SHELL);
        shell
            .args(["-c", command])
            .env("PATH", path_with(&[top.join("bin")]))
            .env("GIT_CONFIG_GLOBAL", top.join("gitconfig"))
            .env("GIT_EDITOR", "true")
            .env("SEED", SEED.path())
            .env("TOP", &top)
            .current_dir(folder);
        for (letter, port) in self.ports() {
            shell.env(letter.to_string(), port.to_string());
        }
        match self.daemon.as_ref().filter(|_| self.through_daemon) {
            Some(daemon) => shell.env("PORT_REGISTRY_ADDR", daemon.address.to_string()),
            None => shell.env("PORT_REGISTRY_RANGE", self.range()),
        };
        Ok(shell)
    }

    fn portctl(&self, folder: &str, words: &str) -> Result<Ran, String> {
        let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
        let has_owners = match first {
            "rows" => false,
            "owners" => true,
            _ => {
                return Ok(Ran::of(
                    &mut self.shell(folder, &format!("portctl {words}"))?,
                ));
            }
        };
        let mut ran = Ran::of(&mut self.shell(folder, &format!("portctl list --json {rest}"))?);
        ran.stdout = self.rows(&ran.stdout, has_owners);
        Ok(ran)
    }

    /// Sends a request. The first line of the output is the status.
    fn ask(&mut self, method: &str, rest: &str) -> Ran {
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let (path, body) = (self.expanded(path), self.expanded(body));
        let answer = self.daemon().ask(method, &path, &body);
        let rows = match answer.status {
            200 | 201 => self.rows(&answer.body, false),
            _ => String::new(),
        };
        Ran {
            stdout: format!("{}\n{rows}", answer.status),
            stderr: String::new(),
            code: Some(0),
        }
    }

    /// Formats an allocation, or a list of them.
    fn rows(&self, text: &str, has_owners: bool) -> String {
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            return text.to_owned();
        };
        if !json.is_array() && json["app"].is_null() {
            return text.to_owned();
        }
        let one = [json.clone()];
        let mut rows = String::new();
        for row in json.as_array().map_or(&one[..], Vec::as_slice) {
            let field = |name: &str| row[name].as_str().unwrap_or("none").to_owned();
            let (app, instance, service) = (field("app"), field("instance"), field("service"));
            write!(rows, "{app}/{instance}/{service} {}", row["port"]).unwrap();
            if has_owners {
                let top = format!("{}/", self.sandbox.path().display());
                let dir = field("dir").replace(&top, "");
                let origin = row["label_origin"].as_str().unwrap_or("api");
                write!(rows, " {origin} {dir}").unwrap();
            }
            rows.push('\n');
        }
        rows
    }

    fn daemon(&mut self) -> &Daemon {
        let range = self.range();
        let (daemon, sandbox) = (&mut self.daemon, &self.sandbox);
        daemon.get_or_insert_with(|| Daemon::start_with(sandbox, &["--range", &range]))
    }

    fn range(&self) -> String {
        format!("{}-{}", self.first, self.first + PORTS - 1)
    }

    fn ports(&self) -> impl Iterator<Item = (char, u16)> {
        ('A'..).zip(self.first..self.first + PORTS)
    }

    /// Puts in the values that the shell has as variables.
    fn expanded(&self, text: &str) -> String {
        let mut text = text.replace("$TOP", self.sandbox.path().to_str().unwrap());
        for (letter, port) in self.ports() {
            text = text.replace(&format!("${letter}"), &port.to_string());
        }
        text
    }

    /// Redacts values that differ between runs.
    fn redacted(&self, text: &str) -> String {
        let mut text = text.replace(self.sandbox.path().to_str().unwrap(), "TOP");
        for (letter, port) in self.ports() {
            text = text.replace(&port.to_string(), &letter.to_string());
        }
        with_digits_as(&with_digits_as(&text, 7, "COMMIT"), 4, "MARK")
    }
}

/// Replaces each hyphen with exactly so many hexadecimal digits after it.
fn with_digits_as(text: &str, digits: usize, name: &str) -> String {
    let mut parts = text.split('-');
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| !it.is_ascii_alphanumeric());
        let word = &part[..end.unwrap_or(part.len())];
        let is_number = word.len() == digits && word.bytes().all(|it| it.is_ascii_hexdigit());
        replaced.push('-');
        replaced.push_str(if is_number { name } else { word });
        replaced.push_str(&part[word.len()..]);
    }
    replaced
}
