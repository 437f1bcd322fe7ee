//! Programs in networks of their own, such as containers and sandboxed agents.

use std::fs;
use std::path::Path;

use test_support::{Ran, namespace, occupant};

use crate::PORTCTL;
use crate::machine::Machine;

/// Runs portctl in a checkout, in a new network without any interface that is up.
fn run(machine: &Machine, checkout: &Path, words: &[&str]) -> Ran {
    let mut command = namespace::command(&machine.sandbox, "--net", "true").unwrap();
    let socket = machine.folder().join("port-registry.sock");
    command
        .env("PORT_REGISTRY_ADDR", format!("unix:{}", socket.display()))
        .arg(PORTCTL)
        .args(words)
        .current_dir(checkout);
    Ran::of(&mut command)
}

#[test]
fn agents_in_networks_of_their_own_share_the_registry_through_the_socket() {
    let machine = Machine::new();
    if namespace::command(&machine.sandbox, "--net", "true").is_none() {
        return;
    }
    machine.start();
    let checkouts = ["shop", "blog"].map(|name| machine.sandbox.work().join(name));
    for checkout in &checkouts {
        fs::create_dir(checkout).unwrap();
        machine.sandbox.git(checkout, &["init", "--quiet"]);
    }
    let ports = checkouts.each_ref().map(|checkout| {
        let got = run(&machine, checkout, &["get", "web"]);
        let outside = Ran::of(machine.command(&["get", "web"]).current_dir(checkout));
        assert_eq!(got.printed(), outside.printed());
        got.printed().to_owned()
    });
    assert_ne!(ports[0], ports[1]);
    // Ports are probed in the network of the daemon.
    let (_server, port) = occupant();
    let words = ["get", "api", "--port", &port.to_string()];
    let refused = run(&machine, &checkouts[0], &words);
    let error = refused.complained(1);
    assert!(error.contains("in use"), "{error}");
    let listed = run(&machine, &checkouts[1], &["list"]);
    let lines: Vec<_> = listed.printed().lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains(&ports[1]), "{lines:?}");
    run(&machine, &checkouts[0], &["release", "web"]).printed();
    let mut outside = machine.command(&["list", "--json"]);
    let outside = Ran::of(outside.current_dir(&checkouts[0]));
    assert_eq!(outside.printed(), "[]");
}

#[test]
fn waiting_in_a_network_of_its_own_tells_that_the_daemon_is_in_another() {
    let machine = Machine::new();
    if namespace::command(&machine.sandbox, "--net", "true").is_none() {
        return;
    }
    machine.start();
    let words = ["wait", "web", "--timeout", "0.1"];
    let note = format!(
        "note: the daemon listens at {} in another network; `portctl wait` connects from its own, so it does not see the \
         servers there\n",
        machine.address
    );
    machine.run(&["get", "web"]).printed();
    let waited = run(&machine, &machine.sandbox.work(), &words);
    assert!(waited.complained(1).starts_with(&note), "{waited:?}");
    // In the network of the daemon, there is nothing to tell.
    let socket = machine.folder().join("port-registry.sock");
    let mut command = machine.command(&words);
    command.env("PORT_REGISTRY_ADDR", format!("unix:{}", socket.display()));
    let waited = Ran::of(&mut command);
    assert!(!waited.complained(1).contains("network"), "{waited:?}");
}

#[test]
fn read_only_sandbox_is_led_to_the_daemon_of_the_registry() {
    let machine = Machine::new();
    let folder = machine.folder();
    fs::create_dir(&folder).unwrap();
    let read_only = format!(
        "cd '{}' && mount --bind . . && mount -o remount,bind,ro,nosuid,nodev .",
        folder.display()
    );
    if namespace::command(&machine.sandbox, "--mount", &read_only).is_none() {
        return;
    }
    let get = || {
        let mut command = namespace::command(&machine.sandbox, "--mount", "true").unwrap();
        let script = format!("({read_only}) && exec \"$0\" get web --app shop --instance main");
        Ran::of(command.args(["sh", "-c", &script, PORTCTL]))
    };
    machine.start();
    let refused = get();
    let lines: Vec<_> = refused.complained(1).lines().collect();
    assert!(lines[0].starts_with("error: cannot write the registry at "));
    let hint = format!(
        "hint: the daemon can write it; `export PORT_REGISTRY_ADDR=unix:{}/port-registry.sock` makes this shell use it",
        folder.display()
    );
    assert_eq!(lines[1..], [hint]);
    machine.run(&["stop"]).printed();
    assert_eq!(get().complained(1).lines().count(), 1);
}

#[test]
fn network_without_a_loopback_interface_is_told_apart_from_a_port_in_use() {
    let machine = Machine::new();
    let Some(mut command) = namespace::command(&machine.sandbox, "--net", "true") else {
        return;
    };
    command.env("PORT_REGISTRY_ADDR", machine.address.to_string());
    let ran = Ran::of(command.arg(PORTCTL).arg("start"));
    let expected = format!(
        "error: no daemon was started: cannot reach {}: the network of this process has no loopback interface that is up\n\
         hint: `ip link set lo up` brings it up; without it, PORT_REGISTRY_ADDR=unix:PATH leads to a daemon of another \
         network, and without PORT_REGISTRY_ADDR portctl needs no daemon",
        machine.address
    );
    assert_eq!(ran.complained(1), expected);
}
