//! The disk is full. It is a small file system in memory, mounted in a mount namespace.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::daemon::{Daemon, PORT_REGISTRY, Response};
use test_support::helper::Helper;
use test_support::store_files::move_store;
use test_support::{Ran, Sandbox, namespace, program, wait_until};

use super::observed::error_line;
use crate::PORTCTL;

/// Mount option that sets the size of the disk.
const SIZE: &str = "size=1m";
/// Message of the system's error.
const FULL: &str = "No space left on device";
/// Number of allocations that do not fit into the room that the journal has on the disk.
const MANY: usize = 4000;

/// A sandbox whose home is a small disk. The disk exists in a mount namespace until the keeper ends.
struct SmallDisk {
    sandbox: Sandbox,
    keeper: Helper,
}

impl SmallDisk {
    /// Returns `None` if namespaces are not available.
    fn new() -> Option<SmallDisk> {
        let sandbox = Sandbox::new();
        let trial = "mount -t tmpfs none /tmp";
        let mut command = namespace::command(&sandbox, "--mount", trial)?;
        let script = format!("mount -t tmpfs -o {SIZE} none \"$HOME\" && echo mounted && exec cat");
        let mut keeper = Helper::spawn(command.args(["sh", "-c", &script]));
        keeper.expect("mounted");
        Some(SmallDisk { sandbox, keeper })
    }

    /// Prepares a program to run in the disk's namespace.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.sandbox.command("nsenter");
        command
            .args(["--user", "--mount", "--preserve-credentials"])
            .args(["--target", &self.keeper.id().to_string(), "--"])
            // Entering the namespace changes the current folder.
            .args(["sh", "-c", "cd \"$0\" && exec \"$@\""])
            .arg(self.sandbox.work())
            .arg(program);
        command
    }

    /// Path of the disk outside of the namespace.
    fn path(&self) -> PathBuf {
        let root = format!("/proc/{}/root", self.keeper.id());
        Path::new(&root).join(self.sandbox.home().strip_prefix("/").unwrap())
    }

    /// Fills the disk to the last page.
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
        self.path().join("ballast")
    }

    fn portctl(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(PORTCTL).args(words))
    }

    fn daemon(&self) -> Daemon {
        Daemon::spawn(self.command(&*PORT_REGISTRY).args(["--port", "0"]))
    }

    /// Verifies the registry, and returns a line for each allocation.
    fn rows(&self) -> Vec<String> {
        let mut command = self.command(program("test-store-user"));
        let ran = Ran::of(command.arg(self.sandbox.store()).arg("list"));
        ran.printed().lines().map(ToOwned::to_owned).collect()
    }
}

fn many_services() -> Vec<String> {
    (0..MANY)
        .map(|number| format!("service-{number}"))
        .collect()
}

#[test]
fn full_disk_fails_only_requests_that_need_space() {
    let Some(disk) = SmallDisk::new() else {
        return;
    };
    let first = disk.portctl(&["get", "web", "db"]).printed().to_owned();
    let mut held = disk.rows();
    disk.fill();
    let services = many_services();
    let mut words = vec!["get"];
    words.extend(services.iter().map(String::as_str));
    let ran = disk.portctl(&words);
    assert!(error_line(&ran).contains(FULL), "{ran:?}");
    assert_eq!(disk.rows(), held);
    // A small change may still fit.
    for service in &services[..5] {
        let ran = disk.portctl(&["allocate", "--service", service]);
        let now = disk.rows();
        if ran.code == Some(0) {
            assert_eq!(now[..held.len()], held);
            assert_eq!(now.len(), held.len() + 1);
            held = now;
        } else {
            assert!(error_line(&ran).contains(FULL), "{ran:?}");
            assert_eq!(now, held);
        }
    }
    assert_eq!(disk.portctl(&["get", "web", "db"]).printed(), first);
    assert!(disk.portctl(&["list"]).printed().contains(" web "));
    disk.make_room();
    let ran = disk.portctl(&words);
    assert_eq!(ran.printed().lines().count(), MANY);
    assert_eq!(disk.rows()[..held.len()], held);
}

#[test]
fn store_is_not_created_on_a_full_disk() {
    let Some(disk) = SmallDisk::new() else {
        return;
    };
    disk.fill();
    for words in [&["get", "web"][..], &["allocate", "--service", "web"]] {
        let ran = disk.portctl(words);
        assert!(error_line(&ran).contains(FULL), "{ran:?}");
        assert!(!disk.path().join(".port-registry/ports.redb").exists());
    }
    assert_eq!(disk.portctl(&["list", "--all", "--json"]).printed(), "[]");
    // `timeout` ends a daemon that starts by mistake.
    let mut daemon = disk.command("timeout");
    daemon.arg("20").arg(&*PORT_REGISTRY).args(["--port", "0"]);
    let ran = Ran::of(&mut daemon);
    let message = error_line(&ran);
    assert!(message.contains(FULL), "{message}");
    disk.make_room();
    disk.portctl(&["get", "web"]).printed();
    disk.daemon();
}

fn allocate(daemon: &Daemon, service: &str) -> Response {
    let body = format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#);
    daemon.ask("POST", "/v1/allocations", &body)
}

#[test]
fn daemon_reports_a_full_disk_and_recovers_without_a_restart() {
    let Some(disk) = SmallDisk::new() else {
        return;
    };
    let mut daemon = disk.daemon();
    let tried = Cell::new(0);
    let mut failed = 0;
    let next = || {
        tried.set(tried.get() + 1);
        allocate(&daemon, &format!("service-{}", tried.get()))
    };
    next().json(201);
    disk.fill();
    // After a failed write, a health check writes too. That is less, and may fit a few times.
    let health = loop {
        let answer = next();
        if answer.status == 201 {
            continue;
        }
        let answer = answer.json(500);
        assert!(answer["error"].as_str().unwrap().contains(FULL), "{answer}");
        failed += 1;
        assert!(failed < 100, "the daemon stays healthy");
        let health = daemon.ask("GET", "/healthz", "");
        if health.status == 503 {
            break health;
        }
    };
    assert!(health.body.contains(FULL), "{health:?}");
    let held = tried.get() - failed;
    let list = || {
        let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
        listed.as_array().unwrap().len()
    };
    assert_eq!(list(), held);
    // `portctl` shows the cause when it asks the daemon, too.
    let mut command = disk.command(PORTCTL);
    command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
    let ran = Ran::of(command.args(["get", "web"]));
    assert!(error_line(&ran).contains(FULL), "{ran:?}");
    disk.make_room();
    daemon.ask("GET", "/healthz", "").json(200);
    for number in 0..MANY / 100 {
        allocate(&daemon, &format!("later-{number}")).json(201);
    }
    assert_eq!(list(), held + MANY / 100);
    daemon.signal("KILL");
    daemon.wait();
    assert_eq!(disk.rows().len(), held + MANY / 100);
}

#[test]
fn log_is_rotated_on_a_full_disk_and_written_again_once_there_is_room() {
    let Some(disk) = SmallDisk::new() else {
        return;
    };
    let visible = disk.path().join("ports.log");
    let mut command = disk.command(&*PORT_REGISTRY);
    let log = disk.sandbox.home().join("ports.log");
    let daemon = Daemon::spawn_logging(command.args(["--port", "0"]), &log, &visible);
    allocate(&daemon, "web").json(201);
    // A hole takes no room.
    let file = File::options().write(true).open(&visible).unwrap();
    file.set_len(5 << 20).unwrap();
    disk.fill();
    let store = disk.path().join(".port-registry/ports.redb");
    let moved = store.with_file_name("moved");
    let list = || daemon.ask("GET", "/v1/allocations", "").json(200);
    move_store(&store, &moved);
    assert_eq!(list(), serde_json::json!([]));
    let old = disk.path().join("ports.log.old");
    wait_until("the log is rotated", || old.exists());
    disk.make_room();
    move_store(&moved, &store);
    assert_eq!(list().as_array().unwrap().len(), 1);
    wait_until("the log is written", || {
        let text = fs::read_to_string(&visible).unwrap_or_default();
        // The disk may have had room again before the first line was written. It is in the old file if the new one could
        // not be created.
        let first = [fs::read(&old).unwrap(), text.clone().into_bytes()].concat();
        let first = String::from_utf8_lossy(&first);
        let is_told = first.contains("lines missing here") || first.contains("was removed");
        is_told && text.contains("there is a registry at ")
    });
}
