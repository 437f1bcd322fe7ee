//! Commands through a socket.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_support::Ran;

use super::relay::relay;
use crate::machine::{Machine, pid_in};

fn command(machine: &Machine, socket: &Path, words: &[&str]) -> Command {
    let mut command = machine.command(words);
    command.env("PORT_REGISTRY_ADDR", format!("unix:{}", socket.display()));
    command
}

#[test]
fn commands_give_the_same_answers_through_a_socket() {
    let machine = Machine::new();
    let pid = machine.start();
    let socket = machine.sandbox.path().join("a place with spaces.sock");
    relay(&socket, machine.address);
    let run = |words: &[&str]| Ran::of(&mut command(&machine, &socket, words));
    let port = run(&["get", "web"]).printed().to_owned();
    for words in [
        &["get", "web"][..],
        &["list", "--json"],
        &["check", "web"],
        &["health"],
        &["version"],
        &["export"],
        &["release", "--id", "77"],
        &["allocate", "web"],
    ] {
        let (by_socket, by_tcp) = (run(words), machine.run(words));
        let outputs = |ran: &Ran| (ran.code, ran.stdout.clone(), ran.stderr.clone());
        assert_eq!(outputs(&by_socket), outputs(&by_tcp), "{words:?}");
    }
    // Without the daemon, portctl opens the same registry.
    let mut direct = machine.command(&["get", "web"]);
    let ran = Ran::of(direct.env_remove("PORT_REGISTRY_ADDR"));
    assert_eq!(ran.printed(), port);
    let status = run(&["status"]);
    let at = format!("unix:{}", socket.display());
    let line = format!("Server is running (pid {pid}) healthy at {at}");
    assert_eq!(status.printed(), line);
    let status: Value = serde_json::from_str(run(&["status", "--json"]).printed()).unwrap();
    assert_eq!(status["address"], at);
    run(&["release", "web"]).printed();
}

#[test]
fn socket_of_the_daemon_starts_stops_and_restarts_it() {
    let machine = Machine::new();
    let socket = machine.folder().join("port-registry.sock");
    let run = |words: &[&str]| Ran::of(&mut command(&machine, &socket, words));
    let complaint = run(&["start"]);
    let at = format!("unix:{}", socket.display());
    assert_eq!(
        complaint.complained(1),
        format!(
            "error: a daemon is started by its port, but PORT_REGISTRY_ADDR is {at}\n\
             hint: `PORT_REGISTRY_ADDR= portctl start` starts it; it makes its socket beside its pidfile itself"
        )
    );
    run(&["restart"]).complained(1);
    assert_eq!(run(&["stop"]).complained(1), "error: Server is not running");

    let pid = machine.start();
    if !socket.exists() {
        relay(&socket, machine.address);
    }
    let running = run(&["start"]);
    assert_eq!(running.code, Some(1), "{running:?}");
    let line = format!("Server is already running (pid {pid}) at {at}\n");
    assert_eq!((&*running.stdout, &*running.stderr), (&*line, ""));
    let restarted = run(&["restart"]);
    let new = pid_in(restarted.printed(), "Server restarted");
    assert_ne!(new, pid);
    // It listens where the one before did.
    machine.assert_healthy(new);
    assert_eq!(pid_in(run(&["stop"]).printed(), "Server stopped"), new);
    machine.assert_not_running();
}

#[test]
fn daemon_of_another_home_is_to_be_restarted_where_it_was_started() {
    let (machine, container) = (Machine::new(), Machine::new());
    let pid = machine.start();
    let socket = machine.folder().join("port-registry.sock");
    for words in [&["restart"], &["start"]] {
        let complaint = Ran::of(&mut command(&container, &socket, words));
        let expected = format!(
            "error: a port-registry daemon answers at unix:{} and says that it is process {pid}, but {} does not name it \
             as this user's daemon; it was left alone\n\
             hint: start and stop it where it was started, for example outside of this container",
            socket.display(),
            container.folder().join("port-registry.pid.lock").display()
        );
        assert_eq!(complaint.complained(1), expected, "{words:?}");
    }
    machine.assert_healthy(pid);
    container.assert_not_running();
}

#[test]
fn socket_that_is_not_the_daemons_own_stops_nothing() {
    let machine = Machine::new();
    let pid = machine.start();
    let socket = machine.sandbox.path().join("other.sock");
    relay(&socket, machine.address);
    let complaint = Ran::of(&mut command(&machine, &socket, &["stop"]));
    let expected = format!(
        "error: the daemon runs as process {pid}, but listens at {}, not at unix:{}\n",
        machine.address,
        socket.display()
    );
    assert!(
        complaint.complained(1).starts_with(&expected),
        "{complaint:?}"
    );
    machine.assert_healthy(pid);
}
