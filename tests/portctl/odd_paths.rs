//! Paths that are not UTF-8: portctl and the daemon take them alike, and never one for another.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox};

/// Names that are not UTF-8. As text, they are the same.
const ODD: [&[u8]; 2] = [b"odd\xff", b"odd\xfe"];

/// Creates folders with these names.
fn odd_folders(parent: &Path) -> [PathBuf; 2] {
    ODD.map(|name| {
        let folder = parent.join(OsStr::from_bytes(name));
        fs::create_dir(&folder).unwrap();
        folder
    })
}

#[test]
fn daemon_of_another_registry_is_told_apart_although_both_paths_look_the_same() {
    let machine = Machine::new();
    let stores = odd_folders(&machine.sandbox.path()).map(|folder| folder.join("ports.redb"));
    let run = |store: &Path, words: &[&str]| {
        Ran::of(machine.command(words).env("PORT_REGISTRY_DB", store))
    };
    let pid = pid_in(run(&stores[0], &["start"]).printed(), "Server started");
    let own = run(&stores[0], &["start"]);
    assert_eq!(pid_in(&own.stdout, "Server is already running"), pid);
    for words in ["start", "restart"] {
        let other = run(&stores[1], &[words]);
        let complaint = other.complained(1);
        assert!(
            complaint.contains("serves a different registry, "),
            "{complaint}"
        );
        assert!(
            complaint.contains("hint: `portctl stop` stops it"),
            "{complaint}"
        );
    }
    machine.run(&["stop"]).printed();
}

#[test]
fn registry_and_pidfile_may_have_any_path() {
    let sandbox = Sandbox::new();
    let claim = r#"{"app":"app","instance":"main","service":"web"}"#;
    for (folder, has_joined_flags) in odd_folders(&sandbox.path()).iter().zip([false, true]) {
        let store = folder.join("ports.redb");
        let mut command = sandbox.command(&*PORT_REGISTRY);
        for (flag, file) in [("--db", "ports.redb"), ("--pidfile", "pid")] {
            let path = folder.join(file);
            if has_joined_flags {
                let words = [OsStr::new(flag), path.as_os_str()];
                command.arg(words.join(OsStr::new("=")));
            } else {
                command.arg(flag).arg(path);
            }
        }
        let mut daemon = Daemon::spawn(command.args(["--port", "0"]));
        daemon.ask("POST", "/v1/allocations", claim).json(201);
        let info = daemon.ask("GET", "/v1/daemon", "").json(200);
        let hex: Vec<String> = store
            .as_os_str()
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(info["store_hex"], hex.concat());
        assert!(folder.join("pid").exists() && folder.join("pid.lock").exists());
        daemon.signal("TERM");
        assert!(daemon.wait().success());
        // portctl finds the same registry there.
        let mut listing = sandbox.command(PORTCTL);
        listing.env("PORT_REGISTRY_DB", &store);
        let ran = Ran::of(listing.args(["list", "--all", "--json"]));
        assert!(ran.printed().contains("\"web\""), "{ran:?}");
    }
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let ran = Ran::of(command.arg("--port").arg(OsString::from_vec(vec![0xff])));
    assert!(
        ran.complained(2)
            .starts_with("error: an argument is not UTF-8\n")
    );
}

#[test]
fn home_and_log_may_have_any_path() {
    let machine = Machine::new();
    let [home, _] = odd_folders(&machine.sandbox.path());
    let run = |words: &[&str]| Ran::of(machine.command(words).env("HOME", &home));
    let mut command = machine.command(&["get", "web"]);
    command.env("HOME", &home).env_remove("PORT_REGISTRY_ADDR");
    let port = Ran::of(&mut command).printed().to_owned();
    let pid = pid_in(run(&["start"]).printed(), "Server started");
    assert_eq!(run(&["get", "web"]).printed(), port);
    let log = fs::read_to_string(home.join(".port-registry/port-registry.log")).unwrap();
    assert!(log.contains(" listens on "), "{log}");
    assert_eq!(pid_in(run(&["stop"]).printed(), "Server stopped"), pid);
}

#[test]
fn checkout_is_refused_in_process_and_by_a_daemon_alike() {
    let machine = Machine::new();
    let [checkout, plain] = odd_folders(&machine.sandbox.work());
    machine.sandbox.git(&checkout, &["init", "-q"]);
    let inside = checkout.join("sub");
    fs::create_dir(&inside).unwrap();
    machine.start();
    for folder in [&checkout, &inside, &plain] {
        for words in [
            &["get", "web"][..],
            &["get", "web", "--app", "app"],
            &["get", "web", "--app", "app", "--instance", "main"],
            &["allocate", "--service", "db"],
            &["list", "--json"],
            &["env"],
            &["release", "--service", "db"],
        ] {
            let served = Ran::of(machine.command(words).current_dir(folder));
            let mut command = machine.command(words);
            command.env_remove("PORT_REGISTRY_ADDR").current_dir(folder);
            let own = Ran::of(&mut command);
            assert_eq!(
                (served.code, &served.stdout, &served.stderr),
                (own.code, &own.stdout, &own.stderr),
                "{words:?}"
            );
            match words {
                ["get", "web"] => assert_eq!(own.code, Some(1), "{own:?}"),
                _ if words.contains(&"--instance") => assert_eq!(own.code, Some(0), "{own:?}"),
                _ => {}
            }
        }
    }
    machine.run(&["stop"]).printed();
}
