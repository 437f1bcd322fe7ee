//! Daemons and impostors in other namespaces, whose process ids and addresses mean others here.

use std::fs;
use std::process::Command;

use test_support::{Ran, namespace, program};

use super::fixture::{assert_harmless, claim};
use crate::PORTCTL;
use crate::machine::Machine;

/// Runs a shell script in namespaces, with portctl as `$0`, and returns what it printed.
fn run(machine: &Machine, mut command: Command, script: &str) -> String {
    command
        .env("PORT_REGISTRY_ADDR", machine.address.to_string())
        .args(["sh", "-c", script, PORTCTL]);
    let ran = Ran::of(&mut command);
    let printed = format!("{}{}", ran.stdout, ran.stderr);
    assert_harmless(&printed);
    printed
        .replace(&machine.address.to_string(), "[ADDRESS]")
        .replace(machine.sandbox.path().to_str().unwrap(), "[SANDBOX]")
}

/// A shell function that runs portctl and prints its command, its whole output and its exit code.
const RUN: &str =
    "run() { echo \"== $*\"; \"$portctl\" \"$@\" 2>&1; echo \"exit code $?\"; }; portctl=$0";

#[test]
fn server_of_another_network_that_claims_to_be_the_daemon_is_not_believed() {
    let machine = Machine::new();
    let up = "ip link set lo up";
    let Some(command) = namespace::command(&machine.sandbox, "--net", up) else {
        return;
    };
    let pid = machine.start();
    let socket = machine.folder().join("port-registry.sock");
    let script = format!(
        "{RUN}; {up}; mkfifo in; {} {} '{}' < in > ready & exec 3> in; while ! test -s ready; do :; done; \
         run start; run restart; run status; mv {} away; run start; run restart; run status; run stop; mv away {}; \
         export PORT_REGISTRY_ADDR=unix:{}; run health; run restart; run stop; exec 3>&-; wait",
        program("test-impostor").display(),
        machine.address,
        claim(&machine, pid),
        socket.display(),
        socket.display(),
        socket.display(),
    );
    let printed = run(&machine, command, &script);
    let socket = "unix:[SANDBOX]/home/.port-registry/port-registry.sock";
    // A process of another user namespace shows its lock, but not its network.
    let unsure = format!(
        "the daemon (pid {pid}) listens at [ADDRESS], but the system hides whether that is in the network of this process"
    );
    let use_it = format!("`export PORT_REGISTRY_ADDR={socket}` makes this shell use it");
    let elsewhere = "look for it where it was started, for example in its container";
    let expected = format!(
        "== start\nerror: {unsure}\nhint: {use_it}\nexit code 1\n\
         == restart\nerror: the daemon was not restarted: {unsure}\nhint: {use_it}\nexit code 1\n\
         == status\nServer is running (pid {pid}) healthy at {socket}\nnote: {unsure}; {use_it}\nexit code 0\n\
         == start\nerror: {unsure}\nhint: {elsewhere}\nexit code 1\n\
         == restart\nerror: the daemon was not restarted: {unsure}\nhint: {elsewhere}\nexit code 1\n\
         == status\nServer is not running here\nnote: {unsure}; {elsewhere}\nexit code 0\n\
         == stop\nerror: the daemon (pid {pid}) was not stopped: {unsure}\nhint: {elsewhere}\nexit code 1\n\
         == health\nhealthy\nexit code 0\n\
         == restart\nerror: the daemon was not restarted: {unsure}\nhint: {use_it}\nexit code 1\n\
         == stop\nServer stopped (pid {pid})\nexit code 0\n"
    );
    assert_eq!(printed, expected);
    machine.assert_not_running();
}

#[test]
fn process_with_the_daemons_id_in_another_process_namespace_is_not_signalled() {
    let machine = Machine::new();
    let Some(mut command) = namespace::command(&machine.sandbox, "--pid", "true") else {
        return;
    };
    let pid = machine.start();
    let lock = machine.folder().join("port-registry.pid.lock");
    let line = fs::read_to_string(&lock).unwrap();
    // In the new namespace, the lock names a process of the test, as by chance.
    let script = format!(
        "{RUN}; mount -t proc proc /proc; sleep 600 & echo \"$! {}\" > {}; \
         run stop; run restart; run status; run start; test -e /proc/$! && echo \"$! lives\"",
        machine.address,
        lock.display(),
    );
    command.args(["unshare", "--mount", "--fork", "--kill-child"]);
    let printed = run(&machine, command, &script);
    fs::write(&lock, line).unwrap();
    let (_, rest) = printed.rsplit_once("exit code 1\n").unwrap();
    let other = rest.strip_suffix(" lives\n").unwrap();
    let names = format!(
        "[SANDBOX]/home/.port-registry/port-registry.pid.lock names process {other}, but no process with this id holds \
         the lock here, so"
    );
    let not_stopped = format!(
        "error: {names} none was stopped\n\
         hint: stop the daemon where it was started, for example in its container\nexit code 1\n"
    );
    let elsewhere = format!("{names} a daemon may run elsewhere, for example in a container");
    let next = "look for it where it was started, for example in its container";
    let expected = format!(
        "== stop\n{not_stopped}== restart\n{not_stopped}\
         == status\nServer is not running here\nnote: {elsewhere}; {next}\nexit code 0\n\
         == start\nerror: {elsewhere}\nhint: {next}\nexit code 1\n{other} lives\n"
    );
    assert_eq!(printed, expected);
    machine.assert_healthy(pid);
}

#[test]
fn daemon_of_another_process_namespace_is_reached_by_its_socket_and_not_stopped() {
    let machine = Machine::new();
    let Some(mut command) = namespace::command(&machine.sandbox, "--pid", "true") else {
        return;
    };
    let pid = machine.start();
    command.args(["unshare", "--mount", "--fork", "--kill-child"]);
    let script = format!("{RUN}; mount -t proc proc /proc; run status; run start");
    let printed = run(&machine, command, &script);
    let problem = format!(
        "the daemon runs in another container or process namespace, as process {pid} there, so portctl cannot tell \
         whether [ADDRESS] leads to it"
    );
    let socket = "unix:[SANDBOX]/home/.port-registry/port-registry.sock";
    let use_it = format!("`export PORT_REGISTRY_ADDR={socket}` makes this shell use it");
    let expected = format!(
        "== status\nServer is running (pid {pid}) healthy at {socket}\nnote: {problem}; {use_it}\nexit code 0\n\
         == start\nerror: {problem}\nhint: {use_it}\nexit code 1\n"
    );
    assert_eq!(printed, expected);
    machine.assert_healthy(pid);
}
