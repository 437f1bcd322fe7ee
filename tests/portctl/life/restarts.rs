//! Restarting the daemon.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Write, stderr};
use std::os::unix::fs::PermissionsExt;

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use serde_json::{Value, json};
use test_support::daemon::Client;
use test_support::{Ran, free_block, install};

#[test]
fn restart_starts_a_daemon_or_replaces_the_running_one() {
    let machine = Machine::new();
    let first = pid_in(machine.run(&["restart"]).printed(), "Server started");
    let second = pid_in(machine.run(&["restart"]).printed(), "Server restarted");
    assert_ne!(first, second);
    machine.assert_healthy(second);
}

#[test]
fn restart_does_not_stop_a_daemon_that_it_could_not_start_again() {
    let machine = Machine::new();
    let pid = machine.start();
    // The daemon's program is missing.
    let folder = machine.sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let portctl = folder.join("portctl");
    install(PORTCTL, &portctl);
    let mut command = machine.sandbox.command(&portctl);
    command
        .env("PORT_REGISTRY_ADDR", machine.address.to_string())
        .env("PATH", machine.sandbox.work());
    let ran = Ran::of(command.arg("restart"));
    assert!(ran.complained(1).contains("or on the PATH"), "{ran:?}");
    machine.assert_healthy(pid);
    // The running daemon serves another registry.
    let mut command = machine.command(&["restart"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", "other.redb"));
    assert!(
        ran.complained(1).contains(" serves a different registry, "),
        "{ran:?}"
    );
    machine.assert_healthy(pid);
}

#[test]
fn restart_does_not_stop_a_daemon_whose_files_became_unusable() {
    let machine = Machine::new();
    let pid = machine.start();
    let log = machine.folder().join("port-registry.log");
    let store = machine.sandbox.store();
    let kept = machine.folder().join("kept");
    let refuse = |problem: &str| {
        let complaint = machine.complaint(&["restart"]);
        let begin = format!("error: the daemon was not restarted: {problem}");
        assert!(complaint.starts_with(&begin), "{complaint}");
    };
    fs::rename(&store, &kept).unwrap();
    fs::write(&store, "mine").unwrap();
    refuse("[SANDBOX]/home/.port-registry/ports.redb is not a port registry; ");
    assert_eq!(fs::read(&store).unwrap(), b"mine");
    fs::rename(&kept, &store).unwrap();
    machine.assert_healthy(pid);

    fs::rename(&log, &kept).unwrap();
    fs::create_dir(&log).unwrap();
    refuse("cannot log to [SANDBOX]/home/.port-registry/port-registry.log: it is not a file");
    fs::remove_dir(&log).unwrap();
    fs::rename(&kept, &log).unwrap();
    machine.assert_healthy(pid);
    pid_in(machine.run(&["restart"]).printed(), "Server restarted");
}

#[test]
fn restart_does_not_stop_a_daemon_whose_registry_it_cannot_write() {
    let machine = Machine::new();
    let pid = machine.start();
    let set_mode = |mode| {
        let mode = Permissions::from_mode(mode);
        fs::set_permissions(machine.sandbox.store(), mode).unwrap();
    };
    set_mode(0o400);
    if OpenOptions::new()
        .append(true)
        .open(machine.sandbox.store())
        .is_ok()
    {
        let _ = writeln!(stderr(), "skipped: root can write every file");
        return;
    }
    let complaint = machine.complaint(&["restart"]);
    let begin = "error: the daemon was not restarted: ";
    assert!(complaint.starts_with(begin), "{complaint}");
    set_mode(0o600);
    machine.assert_healthy(pid);
}

#[test]
fn restart_keeps_the_range_unless_another_is_set() {
    let machine = Machine::new();
    let first = free_block(4);
    let range = |first: u16| format!("{first}-{}", first + 1);
    let run = |words: &[&str], first: Option<u16>| {
        let mut command = machine.command(words);
        if let Some(first) = first {
            command.env("PORT_REGISTRY_RANGE", range(first));
        }
        Ran::of(&mut command).printed().to_owned()
    };
    run(&["start"], Some(first));
    run(&["restart"], None);
    assert_eq!(run(&["get", "web"], None), first.to_string());
    let mut command = machine.command(&["start"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", range(first + 2)));
    assert!(
        ran.complained(1)
            .contains(" allocates ports from a different range, "),
        "{ran:?}"
    );
    run(&["restart"], Some(first + 2));
    assert_eq!(run(&["get", "api"], None), (first + 2).to_string());
}

#[test]
fn start_and_restart_pass_the_daemons_flags_on() {
    let machine = Machine::new();
    let ask_as_container = || {
        let mut client = Client::connect(machine.address);
        let host = "Host: host.docker.internal";
        client.ask_with("GET", "/v1/daemon", &[host], "").status
    };
    let users = || {
        let mut client = Client::connect(machine.address);
        let mut daemon = client.ask("GET", "/v1/daemon", "").json(200);
        daemon["allow_users"].take()
    };
    machine
        .run(&["start", "--container", "--allow-users", "54320"])
        .printed();
    assert_eq!(ask_as_container(), 200);
    assert_eq!(users(), "54320");
    // They are told, and a daemon that runs does not get others in silence.
    let status = machine.run(&["status"]);
    let names = "answers to the names by which containers reach their host";
    let note = format!("note: it serves user 54320, too, and {names}\n");
    assert_eq!(status.stderr, note);
    let status: Value = serde_json::from_str(machine.run(&["status", "-j"]).printed()).unwrap();
    assert_eq!(
        (&status["allow_users"], &status["container"]),
        (&json!("54320"), &json!(true))
    );
    let same = machine.run(&["start", "--container", "--allow-users", "54320"]);
    assert!(
        same.stdout.starts_with("Server is already running"),
        "{same:?}"
    );
    let other = machine.complaint(&["start", "--allow-users", "54320,54321"]);
    assert!(
        other.ends_with(
            ") runs already, with --allow-users 54320 --container\n\
        hint: `portctl restart --allow-users 54320,54321` changes that"
        ),
        "{other}"
    );
    // A restart keeps what it is not told to change.
    machine.run(&["restart"]).printed();
    assert_eq!((ask_as_container(), users()), (200, json!("54320")));
    let others = ["restart", "--allow-users", "1003, 1002"];
    machine.run(&others).printed();
    assert_eq!((ask_as_container(), users()), (200, json!("1002,1003")));
    machine.run(&["stop"]).printed();
    machine.run(&["start"]).printed();
    assert_eq!((ask_as_container(), users()), (403, Value::Null));
    let other = machine.complaint(&["start", "--container"]);
    assert!(
        other.contains(") runs already, without these flags\nhint: `portctl restart --container` "),
        "{other}"
    );
}

#[test]
fn users_who_do_not_exist_are_refused_before_anything_is_done() {
    let machine = Machine::new();
    let refuse = |command: &str| {
        for (users, problem) in [
            (
                "no-such-user",
                "`no-such-user` cannot be used for --allow-users: there is no user \"no-such-user\" in /etc/passwd; \
                 give the number of the user\n",
            ),
            (
                "",
                "the users are names or numbers separated by commas, or `all`\n",
            ),
            (
                "0,",
                "the users are names or numbers separated by commas, or `all`\n",
            ),
            ("4294967295", "no user can have the number 4294967295"),
        ] {
            let ran = machine.run(&[command, "--allow-users", users]);
            let complaint = ran.complained(2);
            assert!(complaint.contains(problem), "{complaint}");
            assert!(
                complaint.contains(&format!("`portctl {command} --help`")),
                "{complaint}"
            );
        }
    };
    refuse("start");
    refuse("restart");
    assert!(!machine.folder().exists());
    let pid = machine.start();
    let log = || fs::read(machine.folder().join("port-registry.log")).unwrap();
    let before = log();
    refuse("restart");
    machine.assert_healthy(pid);
    assert_eq!(log(), before);
}
