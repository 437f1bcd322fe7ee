//! A machine for `portctl doctor` to examine, and its findings.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use port_registry::{Allocation, Claim, Filter, Registry, ServiceKey, Verdict};
use serde_json::Value;

use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block, install};

/// The checks, in output order.
pub(crate) const CHECKS: [&str; 11] = [
    "home",
    "store",
    "daemon",
    "pidfile",
    "path",
    "git",
    "checkout",
    "ports",
    "listeners",
    "checkouts",
    "compose",
];

/// A sandbox with a PATH of its own. Its git prints its version only.
pub(crate) struct Patient {
    pub(crate) sandbox: Sandbox,
    /// The first of several free ports.
    first: u16,
}

impl Patient {
    pub(crate) fn new() -> Patient {
        let patient = Patient {
            sandbox: Sandbox::in_memory(),
            first: free_block(8),
        };
        fs::create_dir(patient.bin()).unwrap();
        patient.install_git("echo git version 2.50.0");
        patient
    }

    /// Creates a sandbox with the installed git, and a repository `shop` that has one commit on `main`.
    pub(crate) fn with_shop() -> (Patient, PathBuf) {
        let patient = Patient::new();
        let path = std::env::var("PATH").unwrap();
        patient.install_git(&format!("PATH='{path}'\nexport PATH\nexec git \"$@\""));
        let (top, shop) = (patient.sandbox.path(), patient.sandbox.path().join("shop"));
        patient.sandbox.git(&top, &["init", "-q", "shop"]);
        let commit = ["commit", "-q", "--allow-empty", "-m", "Begin"];
        patient.sandbox.git(&shop, &commit);
        (patient, shop)
    }

    /// Replaces git by a shell script.
    pub(crate) fn install_git(&self, script: &str) {
        let script = format!("#!/bin/sh\n{script}\n");
        test_support::install_script(&script, &self.bin().join("git"));
    }

    /// Runs portctl in a folder, and returns the line that it prints.
    #[track_caller]
    pub(crate) fn run_in(&self, folder: &Path, words: &[&str]) -> String {
        let mut command = self.sandbox.command(PORTCTL);
        command.env("PATH", self.bin()).current_dir(folder);
        let ran = Ran::of(command.args(words));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout.trim_end().to_owned()
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> String {
        self.sandbox.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.sandbox.path().join("bin")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.sandbox.home().join(".port-registry")
    }

    pub(crate) fn pidfile(&self) -> PathBuf {
        self.folder().join("port-registry.pid")
    }

    pub(crate) fn registry(&self) -> Registry {
        let free = |_| Ok(Verdict::Free);
        let builder = Registry::builder()
            .with_path(self.sandbox.store())
            .with_probe(free);
        builder.open().unwrap()
    }

    /// Allocates the next port to a service.
    pub(crate) fn allocate(&self, service: &str, dir: Option<&Path>) -> Allocation {
        let registry = self.registry();
        let number = registry.list(&Filter::new()).unwrap().len();
        let port = self.first + u16::try_from(number).unwrap();
        let key = ServiceKey::new("shop", "main", service).unwrap();
        let claim = Claim::new(key).with_port(port.to_string().parse().unwrap());
        let claim = match dir {
            Some(dir) => claim.with_dir(dir).unwrap(),
            None => claim,
        };
        registry.allocate(claim).unwrap()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        command.env("PATH", self.bin()).args(["doctor", "--json"]);
        command
    }

    /// Runs doctor, and asserts that it changes nothing in the sandbox.
    #[track_caller]
    pub(crate) fn examine(&self) -> Findings {
        self.examine_by(&mut self.command())
    }

    #[track_caller]
    pub(crate) fn examine_in(&self, folder: &Path) -> Findings {
        self.examine_by(self.command().current_dir(folder))
    }

    #[track_caller]
    pub(crate) fn examine_with(&self, variable: &str, value: impl AsRef<OsStr>) -> Findings {
        self.examine_by(self.command().env(variable, value))
    }

    #[track_caller]
    pub(crate) fn examine_by(&self, command: &mut Command) -> Findings {
        let before = contents(&self.sandbox.path());
        let ran = Ran::of(command);
        assert!(contents(&self.sandbox.path()) == before, "{ran:?}");
        Findings::of(&ran)
    }
}

/// Lists all files below a folder with mode, time of change and content.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, (u32, SystemTime, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        if metadata.is_dir() {
            found.append(&mut contents(&path));
        }
        let is_file = metadata.is_file();
        let content = is_file.then(|| fs::read(&path).unwrap_or_default());
        let modified = metadata.modified().unwrap();
        found.insert(path, (metadata.mode(), modified, content));
    }
    found
}

/// The findings of one run.
#[derive(Debug)]
pub(crate) struct Findings(Vec<Value>);

impl Findings {
    #[track_caller]
    pub(crate) fn of(ran: &Ran) -> Findings {
        assert_eq!(ran.stderr, "");
        let findings: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
        let checks: Vec<&Value> = findings.iter().map(|it| &it["check"]).collect();
        assert_eq!(checks, CHECKS);
        // Warnings do not make the command fail.
        let has_problem = findings.iter().any(|it| it["status"] == "problem");
        assert_eq!(ran.code, Some(i32::from(has_problem)), "{ran:?}");
        Findings(findings)
    }

    pub(crate) fn finding(&self, check: &str) -> &Value {
        self.0.iter().find(|it| it["check"] == check).unwrap()
    }

    #[track_caller]
    pub(crate) fn assert(&self, check: &str, status: &str, detail: &str) {
        let finding = self.finding(check);
        assert_eq!(finding["status"], status, "{finding}");
        let found = finding["detail"].as_str().unwrap();
        assert!(
            found.contains(detail),
            "{found:?} should contain {detail:?}"
        );
    }

    #[track_caller]
    pub(crate) fn detail(&self, check: &str) -> &str {
        self.finding(check)["detail"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn hint(&self, check: &str) -> &str {
        self.finding(check)["hint"].as_str().unwrap()
    }

    /// Asserts that all checks but these pass. Ignores the daemon check, because the default address belongs to the
    /// machine that runs the tests.
    #[track_caller]
    pub(crate) fn assert_ok_except(&self, checks: &[&str]) {
        for finding in &self.0 {
            let check = finding["check"].as_str().unwrap();
            let is_ok = finding["status"] == "ok" && finding.get("hint").is_none();
            assert!(
                is_ok || check == "daemon" || checks.contains(&check),
                "{finding}"
            );
        }
    }
}

/// Prepares `portctl doctor` to run as a user who owns no files, in a sandbox that everybody may enter. Returns
/// `None` unless the tests run as root, because only root can become another user.
pub(crate) fn as_nobody(patient: &Patient) -> Option<Command> {
    if !patient.sandbox.admits_nobody() {
        return None;
    }
    let portctl = patient.sandbox.path().join("portctl");
    install(PORTCTL, &portctl);
    let mut command = patient.sandbox.as_nobody();
    command.arg(portctl).args(["doctor", "--json"]);
    Some(command)
}
