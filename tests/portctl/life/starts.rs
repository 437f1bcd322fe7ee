//! Starting and stopping the daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use serde_json::{Value, json};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, free_block, install};

use super::fixture::{running_already, shell};

#[test]
fn daemon_is_started_used_and_stopped() {
    let machine = Machine::new();
    machine.assert_not_running();
    let pid = machine.start();
    machine.assert_healthy(pid);
    assert_eq!(machine.run(&["health"]).printed(), "healthy");
    assert_eq!(
        machine.run(&["health", "--json"]).printed(),
        r#"{"status":"ok"}"#
    );
    let again = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &again), pid);
    let port: u16 = machine.run(&["get", "web"]).printed().parse().unwrap();
    let status: Value = serde_json::from_str(machine.run(&["status", "--json"]).printed()).unwrap();
    assert_eq!(
        status,
        json!({
            "running": true,
            "healthy": true,
            "pid": pid,
            "address": machine.address.to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "store": machine.sandbox.store(),
        })
    );
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    machine.assert_not_running();
    assert!(!machine.pidfile().exists());
    // Without the daemon, portctl opens the same registry.
    let mut command = machine.command(&["get", "web"]);
    let ran = Ran::of(command.env_remove("PORT_REGISTRY_ADDR"));
    assert_eq!(ran.printed(), port.to_string());

    let log = fs::read_to_string(machine.folder().join("port-registry.log")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let [first, .., last] = lines[..] else {
        panic!("{log}")
    };
    assert!(first.contains(&format!("process {pid}, store ")), "{log}");
    assert!(last.ends_with("port-registry has stopped"), "{log}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.folder()), 0o700);
    for entry in fs::read_dir(machine.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn start_stop_and_status_print_json() {
    let machine = Machine::new();
    let json =
        |words: &[&str]| -> Value { serde_json::from_str(machine.run(words).printed()).unwrap() };
    let address = machine.address.to_string();
    let started = json(&["start", "--json"]);
    let pid = started["pid"].clone();
    assert_eq!(
        started,
        json!({"pid": pid, "address": address, "started": true})
    );
    let again = machine.run(&["start", "--json"]);
    assert_eq!((again.code, &*again.stderr), (Some(1), ""));
    assert_eq!(
        serde_json::from_str::<Value>(&again.stdout).unwrap(),
        json!({"pid": pid, "address": address, "started": false})
    );
    let restarted = json(&["restart", "--json"]);
    assert_ne!(restarted["pid"], pid);
    let stopped = json(&["stop", "--json"]);
    assert_eq!(stopped, json!({"pid": restarted["pid"]}));
    assert_eq!(
        json(&["status", "--json"]),
        json!({"running": false, "address": address})
    );
    assert_eq!(
        machine.run(&["stop", "--json"]).complained(1),
        r#"{"error":"Server is not running"}"#
    );
}

#[cfg(target_os = "linux")]
#[test]
fn started_daemon_is_detached_from_the_terminal() {
    let machine = Machine::new();
    // The daemon must not inherit open files, such as locks.
    let ran = Ran::of(&mut shell(&machine, "exec 9>left-open; \"$0\" start"));
    let pid = pid_in(ran.printed(), "Server started");
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let stat = fs::read_to_string(proc.join("stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    // After the state and the parent come the process group and the session (proc(5)).
    let fields: Vec<&str> = fields.split(' ').collect();
    assert_eq!(fields[2..4], [pid.to_string(), pid.to_string()]);
    assert_eq!(fs::read_link(proc.join("cwd")).unwrap(), Path::new("/"));
    let open = |number: u32| fs::read_link(proc.join(format!("fd/{number}"))).unwrap();
    assert_eq!(open(0), Path::new("/dev/null"));
    assert_eq!(open(1), Path::new("/dev/null"));
    assert_eq!(open(2), machine.folder().join("port-registry.log"));
    for entry in fs::read_dir(proc.join("fd")).unwrap() {
        let file = fs::read_link(entry.unwrap().path()).unwrap_or_default();
        assert!(!file.ends_with("left-open"));
    }
}

#[test]
fn one_of_many_concurrent_starts_starts_the_daemon_and_all_report_it() {
    let machine = Machine::new();
    let ran: Vec<Ran> = thread::scope(|scope| {
        let runs: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| machine.run(&["start"])))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let (new, old): (Vec<_>, Vec<_>) = ran.iter().partition(|it| it.code == Some(0));
    assert_eq!(new.len(), 1, "{ran:?}");
    let pid = pid_in(new[0].printed(), "Server started");
    for ran in old {
        assert_eq!(running_already(&machine, ran), pid);
    }
}

#[test]
fn concurrent_starts_stops_and_restarts_succeed() {
    let machine = Machine::new();
    thread::scope(|scope| {
        for words in [
            "start", "restart", "stop", "restart", "start", "restart", "stop",
        ] {
            let machine = &machine;
            scope.spawn(move || {
                let ran = machine.run(&[words]);
                let is_done = ran.stdout.starts_with("Server ")
                    && (ran.code == Some(0) || words == "start" && ran.code == Some(1));
                let is_nothing_to_stop = words == "stop"
                    && [
                        "error: Server is not running\n",
                        "error: Server is not running\nhint: it was started at this moment; try again\n",
                    ]
                    .contains(&&*ran.stderr);
                assert!(is_done || is_nothing_to_stop, "{words}: {ran:?}");
            });
        }
    });
    machine.run(&["restart"]).printed();
    machine.run(&["stop"]).printed();
    machine.assert_not_running();
}

#[test]
fn reader_of_starts_output_sees_its_end() {
    let machine = Machine::new();
    let script =
        "\"$0\" start | cat; \"$0\" stop >/dev/null; out=$(\"$0\" start 2>&1); echo \"$out\"";
    let ran = Ran::of(&mut shell(&machine, script));
    let printed = ran.printed();
    assert_eq!(printed.lines().count(), 2, "{printed}");
    printed
        .lines()
        .for_each(|line| assert!(pid_in(line, "Server started") > 1));
}

#[test]
fn daemon_is_started_with_the_store_and_the_range_in_force() {
    let machine = Machine::new();
    let first = free_block(2);
    let range = format!("{first}-{}", first + 1);
    let mut command = machine.command(&["start"]);
    // A relative path is relative to portctl's working directory.
    command
        .env("PORT_REGISTRY_DB", "here.redb")
        .env("PORT_REGISTRY_RANGE", &range);
    Ran::of(&mut command).printed();
    assert_eq!(machine.run(&["get", "web"]).printed(), first.to_string());
    assert!(machine.sandbox.work().join("here.redb").exists());
    assert!(!machine.sandbox.store().exists());
}

#[test]
fn daemon_program_is_found_beside_portctl_or_on_the_path() {
    let machine = Machine::new();
    let folder = machine.sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let portctl = folder.join("portctl");
    install(PORTCTL, &portctl);
    let run = |path: &Path| {
        let mut command = machine.sandbox.command(&portctl);
        command
            .env("PORT_REGISTRY_ADDR", machine.address.to_string())
            .env("PATH", path)
            .arg("start");
        Ran::of(&mut command)
    };
    let ran = run(&machine.sandbox.work());
    assert_eq!(
        ran.complained(1),
        format!(
            "error: cannot find the daemon's program port-registry beside portctl (in {}) or on the PATH\n\
             hint: install it: run `cargo install --path port-registry-http` in the sources",
            folder.display()
        )
    );
    // A file that cannot be executed is not the program.
    fs::write(folder.join("port-registry"), "").unwrap();
    run(&machine.sandbox.work()).complained(1);
    let ran = run(PORT_REGISTRY.parent().unwrap());
    pid_in(ran.printed(), "Server started");
}

#[test]
fn daemon_started_by_hand_can_be_stopped() {
    let machine = Machine::new();
    let port = machine.address.port().to_string();
    let mut command = machine.sandbox.command(&*PORT_REGISTRY);
    let mut daemon = Daemon::spawn(command.args(["--port", &port]));
    let pid = daemon.child.id();
    let again = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &again), pid);
    // The daemon stays a zombie until this test reaps it. portctl must not wait for that.
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    assert!(daemon.wait().success());
    machine.assert_not_running();
}
