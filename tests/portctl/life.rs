//! Starting, stopping and inspecting the daemon with portctl.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use serde_json::{Value, json};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, free_block, install, install_script};

/// Returns a shell that runs a script, with portctl as `$0`.
fn shell(machine: &Machine, script: &str) -> Command {
    let mut command = machine.sandbox.command("sh");
    command
        .env("PORT_REGISTRY_ADDR", machine.address.to_string())
        .args(["-c", script, PORTCTL]);
    command
}

/// Asserts that `start` found the daemon running, and returns its process id.
#[track_caller]
fn running_already(machine: &Machine, ran: &Ran) -> u32 {
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""), "{ran:?}");
    let at = format!(" at http://{}\n", machine.address);
    assert!(ran.stdout.ends_with(&at), "{ran:?}");
    pid_in(&ran.stdout, "Server is already running")
}

#[test]
fn supervised_daemon_is_not_stopped_or_restarted() {
    let machine = Machine::new();
    let port = machine.address.port().to_string();
    // systemd sets this variable for the processes that it starts (systemd.exec(5)).
    let script = r#"SYSTEMD_EXEC_PID=$$ exec "$0" --port "$1""#;
    let daemon = Daemon::spawn(
        machine
            .sandbox
            .command("sh")
            .args(["-c", script])
            .args([PORT_REGISTRY.as_os_str(), port.as_ref()]),
    );
    let pid = daemon.child.id();
    for (command, done) in [("stop", "stopped"), ("restart", "restarted")] {
        let complaint = machine.complaint(&[command]);
        let problem = format!("error: the daemon (pid {pid}) is managed by systemd");
        assert!(complaint.starts_with(&problem), "{complaint}");
        assert!(
            complaint.contains(&format!("was not {done}\nhint: ")),
            "{complaint}"
        );
        let (_, hint) = complaint.split_once("\nhint: ").unwrap();
        assert!(hint.starts_with("`systemctl "), "{hint}");
    }
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
    let started = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &started), pid);
    let told = daemon.ask("GET", "/v1/daemon", "").json(200);
    assert_eq!(told["supervisor"]["name"], "systemd");
}

#[test]
fn status_and_stop_ignore_invalid_registry_settings() {
    let machine = Machine::new();
    let pid = machine.start();
    let run = |words: &[&str]| Ran::of(machine.command(words).env("PORT_REGISTRY_RANGE", "abc"));
    let status = run(&["status"]);
    assert_eq!(status.code, Some(0));
    let running = format!("Server is running (pid {pid}) healthy\n");
    assert_eq!(status.stdout, running);
    assert!(status.stderr.contains("PORT_REGISTRY_RANGE"), "{status:?}");
    assert_eq!(pid_in(run(&["stop"]).printed(), "Server stopped"), pid);
}

#[test]
fn daemon_started_from_a_supervised_shell_is_not_supervised() {
    let machine = Machine::new();
    // systemd may have started the terminal's shell.
    let started = Ran::of(machine.command(&["start"]).env("SYSTEMD_EXEC_PID", "1"));
    let pid = pid_in(started.printed(), "Server started");
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
}

#[test]
fn daemon_is_started_used_and_stopped() {
    let machine = Machine::new();
    machine.assert_not_running();
    let pid = machine.start();
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
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
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains(&format!("process {pid}, store ")),
        "{log}"
    );
    assert!(lines[1].ends_with("port-registry has stopped"), "{log}");
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
                let is_nothing_to_stop =
                    words == "stop" && ran.stderr == "error: Server is not running\n";
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
fn restart_starts_a_daemon_or_replaces_the_running_one() {
    let machine = Machine::new();
    let first = pid_in(machine.run(&["restart"]).printed(), "Server started");
    let second = pid_in(machine.run(&["restart"]).printed(), "Server restarted");
    assert_ne!(first, second);
    let running = format!("Server is running (pid {second}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
}

#[test]
fn daemon_is_started_with_the_store_and_the_range_in_force() {
    let machine = Machine::new();
    let first = free_block(2);
    let range = format!("{first}-{}", first + 1);
    let mut command = machine.command(&["start"]);
    // Relative to the folder that portctl runs in.
    command
        .env("PORT_REGISTRY_DB", "here.redb")
        .env("PORT_REGISTRY_RANGE", &range);
    Ran::of(&mut command).printed();
    assert_eq!(machine.run(&["get", "web"]).printed(), first.to_string());
    assert!(machine.sandbox.work().join("here.redb").exists());
    assert!(!machine.sandbox.store().exists());
}

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
            let told: Value = serde_json::from_str(complaint).unwrap();
            assert!(
                told["log"][0].as_str().unwrap().starts_with(&last),
                "{told}"
            );
            assert_eq!(told["log"].as_array().unwrap().len(), 1);
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
    // It is a zombie until its parent reaps it; portctl does not wait for that.
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    assert!(daemon.wait().success());
    machine.assert_not_running();
}

#[test]
fn daemon_can_only_be_started_on_loopback() {
    let machine = Machine::new();
    for address in [
        "192.0.2.1:51234",
        "[::1]:51234",
        "registry.example.com:51234",
    ] {
        let mut command = machine.command(&["start"]);
        let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", address));
        assert!(
            ran.complained(1)
                .starts_with("error: a daemon can only listen at 127.0.0.1, but "),
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
fn restart_does_not_stop_a_daemon_that_it_could_not_start_again() {
    let machine = Machine::new();
    let pid = machine.start();
    let running = format!("Server is running (pid {pid}) healthy");
    // Without the daemon's program.
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
    assert_eq!(machine.run(&["status"]).printed(), running);
    // The running daemon serves another registry.
    let mut command = machine.command(&["restart"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", "other.redb"));
    assert!(
        ran.complained(1).contains(" serves a different registry, "),
        "{ran:?}"
    );
    assert_eq!(machine.run(&["status"]).printed(), running);
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
fn daemon_started_by_a_wrapper_script_is_recognized() {
    let machine = Machine::new();
    let bin = machine.sandbox.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let portctl = bin.join("portctl");
    install(PORTCTL, &portctl);
    let script = format!("#!/bin/sh\n{} \"$@\"\n", PORT_REGISTRY.display());
    install_script(&script, &bin.join("port-registry"));
    let mut command = machine.sandbox.command(&portctl);
    command.env("PORT_REGISTRY_ADDR", machine.address.to_string());
    let ran = Ran::of(command.arg("start"));
    let pid = pid_in(ran.printed(), "Server started");
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
    machine.run(&["stop"]).printed();
}

#[test]
fn suspended_start_does_not_block_others_from_the_running_daemon() {
    let machine = Machine::new();
    let pid = machine.start();
    // A portctl that starts a daemon holds this lock.
    let turn = fs::File::open(machine.folder().join("portctl.lock")).unwrap();
    turn.lock().unwrap();
    let again = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &again), pid);
}

#[test]
fn daemon_is_not_stopped_without_the_turn() {
    let machine = Machine::new();
    let pid = machine.start();
    let turn = machine.folder().join("portctl.lock");
    fs::remove_file(&turn).unwrap();
    fs::create_dir(&turn).unwrap();
    for command in ["stop", "restart"] {
        let complaint = machine.complaint(&[command]);
        assert!(complaint.starts_with("error: cannot lock "), "{complaint}");
    }
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
}

#[test]
fn daemon_is_not_started_without_the_turn() {
    let machine = Machine::new();
    // A folder in place of the file stops root, too.
    let turn = machine.folder().join("portctl.lock");
    fs::create_dir_all(&turn).unwrap();
    let complaint = machine.complaint(&["start"]);
    assert!(complaint.starts_with("error: cannot "), "{complaint}");
    machine.assert_not_running();
    let entries = fs::read_dir(machine.folder()).unwrap();
    assert_eq!(entries.count(), 1);
}
