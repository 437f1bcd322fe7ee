//! Starts and stops that must fail.

use std::fs;

use crate::machine::{Machine, pid_in};
use serde_json::Value;
use test_support::Ran;

use super::fixture::running_already;

#[test]
fn last_log_lines_are_shown_if_the_daemon_does_not_start() {
    let machine = Machine::new();
    let foreign = machine.sandbox.work().join("notes.txt");
    fs::write(&foreign, "not a registry").unwrap();
    for json in [false, true] {
        let mut command = machine.command(&["start"]);
        command.env("PORT_REGISTRY_DB", &foreign);
        if json {
            command.arg("--json");
        }
        let ran = Ran::of(&mut command);
        let complaint = ran.complained(1);
        let last = format!("error: {} is not a port registry; ", foreign.display());
        if json {
            let report: Value = serde_json::from_str(complaint).unwrap();
            assert!(
                report["log"][0].as_str().unwrap().starts_with(&last),
                "{report}"
            );
            assert_eq!(report["log"].as_array().unwrap().len(), 1);
        } else {
            assert!(
                complaint.starts_with(
                    "error: the daemon exited immediately after it was started (exit status: 1)\n"
                ),
                "{complaint}"
            );
            assert!(complaint.contains(&format!("\n  {last}")), "{complaint}");
            assert!(complaint.contains("\nhint: see its log, "), "{complaint}");
        }
    }
    machine.assert_not_running();
    assert_eq!(fs::read(&foreign).unwrap(), b"not a registry");
}

#[test]
fn daemon_can_only_be_started_on_loopback() {
    let machine = Machine::new();
    for address in [
        "192.0.2.1:51234",
        "127.0.0.2:51234",
        "registry.example.com:51234",
    ] {
        let mut command = machine.command(&["start"]);
        let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", address));
        assert!(
            ran.complained(1)
                .starts_with("error: portctl starts a daemon at 127.0.0.1 only, but "),
            "{ran:?}"
        );
    }
    let mut command = machine.command(&["start"]);
    let address = format!("localhost:{}", machine.address.port());
    let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", &address));
    pid_in(ran.printed(), "Server started");
    let mut command = machine.command(&["stop"]);
    Ran::of(command.env("PORT_REGISTRY_ADDR", &address)).printed();
}

#[test]
fn daemon_needs_a_home() {
    let machine = Machine::new();
    for words in ["start", "stop", "restart"] {
        let mut command = machine.command(&[words]);
        let ran = Ran::of(
            command
                .env("HOME", "relative")
                .env("PORT_REGISTRY_DB", machine.sandbox.store()),
        );
        assert_eq!(
            ran.complained(1),
            "error: HOME is not an absolute path, but the daemon keeps its files below it\nhint: set HOME"
        );
    }
}

#[test]
fn suspended_start_does_not_block_others_from_the_running_daemon() {
    let machine = Machine::new();
    let pid = machine.start();
    // `start`, `stop` and `restart` hold this lock while they work.
    let lock = fs::File::open(machine.folder().join("portctl.lock")).unwrap();
    lock.lock().unwrap();
    let again = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &again), pid);
}

#[test]
fn stop_and_restart_need_the_lock_of_portctl() {
    let machine = Machine::new();
    let pid = machine.start();
    let lock = machine.folder().join("portctl.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    for command in ["stop", "restart"] {
        let complaint = machine.complaint(&[command]);
        assert!(complaint.starts_with("error: cannot lock "), "{complaint}");
    }
    machine.assert_healthy(pid);
}

#[test]
fn start_needs_the_lock_of_portctl() {
    let machine = Machine::new();
    // A folder in place of the file fails even for root.
    let lock = machine.folder().join("portctl.lock");
    fs::create_dir_all(&lock).unwrap();
    let complaint = machine.complaint(&["start"]);
    assert!(complaint.starts_with("error: cannot "), "{complaint}");
    machine.assert_not_running();
    let entries = fs::read_dir(machine.folder()).unwrap();
    assert_eq!(entries.count(), 1);
}
