//! Daemons started by a supervisor or a wrapper script.

use std::fs;

use crate::PORTCTL;
use crate::machine::{Machine, pid_in};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, install, install_script};

use super::fixture::running_already;

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
    machine.assert_healthy(pid);
    let started = machine.run(&["start"]);
    assert_eq!(running_already(&machine, &started), pid);
    let identity = daemon.ask("GET", "/v1/daemon", "").json(200);
    assert_eq!(identity["supervisor"]["name"], "systemd");
}

#[test]
fn status_and_stop_ignore_invalid_registry_settings() {
    let machine = Machine::new();
    let pid = machine.start();
    let run = |words: &[&str]| Ran::of(machine.command(words).env("PORT_REGISTRY_RANGE", "abc"));
    let status = run(&["status"]);
    assert_eq!(status.code, Some(0));
    assert_eq!(status.stdout.trim_end(), machine.status(pid, "healthy"));
    assert!(status.stderr.contains("PORT_REGISTRY_RANGE"), "{status:?}");
    assert_eq!(pid_in(run(&["stop"]).printed(), "Server stopped"), pid);
}

#[test]
fn daemon_started_from_a_supervised_shell_is_not_supervised() {
    let machine = Machine::new();
    // A shell started by systemd has this variable, and its children inherit it.
    let started = Ran::of(machine.command(&["start"]).env("SYSTEMD_EXEC_PID", "1"));
    let pid = pid_in(started.printed(), "Server started");
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
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
    machine.assert_healthy(pid);
    machine.run(&["stop"]).printed();
}
