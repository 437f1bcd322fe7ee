//! The disk is full: a small file system in memory, which takes a mount namespace to have.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::daemon::{Daemon, Response};
use crate::namespace;
use crate::support::{Ran, Sandbox};
use crate::{PORTCTL, complaint, daemon_complaint, rows};

/// Set in the process that runs a test in its namespace.
const INSIDE: &str = "PORT_REGISTRY_TEST_INSIDE";
/// So much fits on the disk.
const SIZE: &str = "size=1m";
/// What the error says.
const FULL: &str = "No space left on device";
/// More than there is room for in what the store has of the disk already.
const MANY: usize = 2000;

/// Whether this process is in a namespace of its own. If not, it runs the test of this name in
/// another one that is.
#[track_caller]
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let trial = "mount -t tmpfs none /tmp";
    let Some(mut command) = namespace::command(&Sandbox::new(), "--mount", trial) else {
        return false;
    };
    command
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env("TMPDIR", std::env::temp_dir())
        .env(INSIDE, "yes")
        .current_dir("/");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 passed"), "{ran:?}");
    false
}

/// A sandbox whose home is a disk of its own.
struct Disk {
    sandbox: Sandbox,
}

impl Disk {
    fn new() -> Disk {
        let sandbox = Sandbox::new();
        mount(&["-t", "tmpfs", "-o", SIZE, "none"], &sandbox);
        Disk { sandbox }
    }

    /// Fills it to the last page.
    fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.sandbox.home().join("ballast")
    }

    fn portctl(&self, words: &[&str]) -> Ran {
        self.sandbox.run(PORTCTL, words)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.sandbox.home()).status();
    }
}

#[track_caller]
fn mount(words: &[&str], sandbox: &Sandbox) {
    let ran = Ran::of(Command::new("mount").args(words).arg(sandbox.home()));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// The names of many services.
fn many() -> Vec<String> {
    (0..MANY)
        .map(|number| format!("service-{number}"))
        .collect()
}

#[test]
fn a_full_disk_fails_what_needs_room_and_nothing_else() {
    if !is_inside("full_disk::a_full_disk_fails_what_needs_room_and_nothing_else") {
        return;
    }
    let disk = Disk::new();
    let first = disk.portctl(&["get", "web", "db"]).printed().to_owned();
    let mut held = rows(&disk.sandbox);
    disk.fill();
    let services = many();
    let mut words = vec!["get"];
    words.extend(services.iter().map(String::as_str));
    let ran = disk.portctl(&words);
    assert!(complaint(&ran).contains(FULL), "{ran:?}");
    assert_eq!(rows(&disk.sandbox), held);
    // Something small may still fit.
    for service in &services[..5] {
        let ran = disk.portctl(&["allocate", "--service", service]);
        let now = rows(&disk.sandbox);
        if ran.code == Some(0) {
            assert_eq!(now[..held.len()], held);
            assert_eq!(now.len(), held.len() + 1);
            held = now;
        } else {
            assert!(complaint(&ran).contains(FULL), "{ran:?}");
            assert_eq!(now, held);
        }
    }
    assert_eq!(disk.portctl(&["get", "web", "db"]).printed(), first);
    assert!(disk.portctl(&["list"]).printed().contains(" web "));
    disk.make_room();
    let ran = disk.portctl(&words);
    assert_eq!(ran.printed().lines().count(), MANY);
    assert_eq!(rows(&disk.sandbox)[..held.len()], held);
}

#[test]
fn no_store_is_begun_on_a_full_disk() {
    if !is_inside("full_disk::no_store_is_begun_on_a_full_disk") {
        return;
    }
    let disk = Disk::new();
    disk.fill();
    for words in [&["get", "web"][..], &["allocate", "--service", "web"]] {
        let ran = disk.portctl(words);
        assert!(complaint(&ran).contains(FULL), "{ran:?}");
        assert!(!disk.sandbox.store().exists());
    }
    assert_eq!(disk.portctl(&["list", "--all", "--json"]).printed(), "[]");
    let said = daemon_complaint(&disk.sandbox);
    assert!(said.contains(FULL), "{said}");
    disk.make_room();
    disk.portctl(&["get", "web"]).printed();
    Daemon::start(&disk.sandbox);
}

fn allocate(daemon: &Daemon, service: &str) -> Response {
    let body = format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#);
    daemon.ask("POST", "/v1/allocations", &body)
}

#[test]
fn a_daemon_on_a_full_disk_says_so_and_heals_without_a_restart() {
    if !is_inside("full_disk::a_daemon_on_a_full_disk_says_so_and_heals_without_a_restart") {
        return;
    }
    let disk = Disk::new();
    let mut daemon = Daemon::start(&disk.sandbox);
    let mut held = 0;
    let mut next = || {
        held += 1;
        allocate(&daemon, &format!("service-{held}"))
    };
    next().json(201);
    disk.fill();
    let answer = loop {
        let answer = next();
        if answer.status != 201 {
            break answer;
        }
    };
    held -= 1;
    let answer = answer.json(500);
    assert!(answer["error"].as_str().unwrap().contains(FULL), "{answer}");
    let health = daemon.ask("GET", "/healthz", "").json(503);
    assert!(
        health["detail"].as_str().unwrap().contains(FULL),
        "{health}"
    );
    let list = || {
        let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
        listed.as_array().unwrap().len()
    };
    assert_eq!(list(), held);
    // portctl tells it as it is, whom ever it asks.
    let mut command = disk.sandbox.command(PORTCTL);
    command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
    let ran = Ran::of(command.args(["get", "web"]));
    assert!(complaint(&ran).contains(FULL), "{ran:?}");
    disk.make_room();
    daemon.ask("GET", "/healthz", "").json(200);
    for number in 0..MANY / 100 {
        allocate(&daemon, &format!("later-{number}")).json(201);
    }
    assert_eq!(list(), held + MANY / 100);
    daemon.signal("KILL");
    daemon.wait();
    assert_eq!(rows(&disk.sandbox).len(), held + MANY / 100);
}
