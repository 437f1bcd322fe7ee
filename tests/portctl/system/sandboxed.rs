//! A sandbox in which no port can be bound, and a system that does not tell.

use std::fs;

use serde_json::Value;

use super::scene::{Scene, both_ways};
use test_support::{Ran, free_block, free_port, is_available, occupant, user_of};

/// The system calls that fail in a sandbox.
const SANDBOXES: [&str; 3] = [
    "bind:error=EPERM",
    "bind:error=EACCES",
    "socket:error=EPERM",
];

pub(super) const OUTSIDE: &str = "hint: run portctl outside of the sandbox";

/// A scene in which a system call of portctl always fails. Records the calls.
pub(super) fn failing(injection: &str) -> Option<Scene> {
    let scene = Scene::new();
    let log = scene.sandbox.path().join("calls");
    let (call, inject) = (
        injection.split(':').next().unwrap(),
        format!("--inject={injection}"),
    );
    let trace = format!("--trace={call}");
    let words = [
        "strace",
        "-f",
        "-qq",
        "--seccomp-bpf",
        &trace,
        &inject,
        "-o",
    ];
    let scene = scene
        .wrapped(&words)
        .wrapped(&[log.to_str().unwrap(), "--"]);
    let mut trial = scene.command("portctl");
    is_available("strace", trial.arg("version")).then_some(scene)
}

/// Returns the number of calls that the last command made.
fn calls(scene: &Scene) -> usize {
    let log = fs::read_to_string(scene.sandbox.path().join("calls")).unwrap();
    log.lines().filter(|it| it.contains("(INJECTED)")).count()
}

#[test]
fn process_that_may_bind_nothing_says_so_at_once() {
    for injection in SANDBOXES {
        let Some(scene) = failing(injection) else {
            return;
        };
        let port = free_port().to_string();
        for words in [
            &["get", "web"][..],
            &["get", "web", "--port", &port],
            &["allocate", "web"],
            &["check", &port],
        ] {
            let ran = scene.run(words);
            let error = ran.complained(1);
            let line = "error: this process may not bind ports, so it cannot tell which are in use; cause: ";
            assert!(error.starts_with(line), "{injection} {words:?}: {error}");
            let rest: Vec<&str> = error.lines().skip(1).collect();
            assert_eq!(rest, [OUTSIDE], "{error}");
            // Rather than 65,535 calls.
            let calls = calls(&scene);
            assert!(
                (1..=8).contains(&calls),
                "{injection} {words:?}: {calls} calls"
            );
        }
        assert_eq!(scene.run(&["list", "--all", "--json"]).printed(), "[]");
    }
}

#[test]
fn the_only_port_of_a_range_proves_that_a_process_may_bind_nothing() {
    let Some(scene) = failing(SANDBOXES[0]) else {
        return;
    };
    let scene = scene.with("PORT_REGISTRY_RANGE", "4000-4000");
    for words in [&["get", "web"][..], &["get", "web", "--port", "4000"]] {
        let error = scene.run(words).complained(1).to_owned();
        assert!(
            error.starts_with("error: this process may not bind ports"),
            "{error}"
        );
    }
}

#[test]
fn sandbox_that_allows_some_ports_does_not_count_as_one_that_allows_none() {
    // The first port is forbidden, and so is one that the system chooses.
    let sandbox = "bind:error=EACCES:when=1..2";
    let Some(scene) = failing(sandbox) else {
        return;
    };
    let port = free_port();
    scene.assert_available(port);
    let ran = scene.run(&["allocate", "web", "--port", &port.to_string()]);
    let allocated = format!("allocated port {port} for");
    assert!(ran.printed().starts_with(&allocated), "{ran:?}");
    let ran = scene.run(&["get", "db"]);
    let chosen = ran.printed().to_owned();
    assert_eq!(calls(&scene), 2, "{ran:?}");
    let doctor = scene.run(&["doctor", "--json"]);
    assert_eq!(finding(&doctor, "ports")["status"], "ok", "{doctor:?}");
    assert_eq!(scene.run_unwrapped(&["get", "other"]).code, Some(0));
    let listed = scene.json_in(&scene.work(), &["list", "--json"]);
    let ports: Vec<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["port"].to_string())
        .collect();
    // The forbidden one is left to those who may bind it.
    let [_, db, other] = &ports[..] else {
        panic!("{listed}");
    };
    assert_eq!(*db, chosen);
    assert!(
        other.parse::<u16>().unwrap() < db.parse().unwrap(),
        "{listed}"
    );
    // A listener is seen all the same.
    let (_server, busy) = occupant();
    let (text, _) = scene.check(busy);
    assert!(text.contains("in use by test-listener"), "{text}");
}

#[test]
fn connection_that_is_not_tried_is_no_answer() {
    let Some(scene) = failing("connect:error=ENOBUFS") else {
        return;
    };
    let port = free_port().to_string();
    for words in [
        &["get", "web"][..],
        &["check", &port],
        &["get", "web", "--port", &port],
    ] {
        let ran = scene.run(words);
        let error = ran.complained(1);
        let start = "error: cannot find out whether port ";
        assert!(error.starts_with(start), "{words:?}: {error}");
    }
    // The port of a socket that does not listen may be forwarded.
    let bound = free_block(1);
    let _user = user_of(bound, "bound");
    let (_, status) = scene.check(bound);
    assert_eq!(status["usage"], "unknown", "{status}");
    assert_eq!(status["owner"], "unknown", "{status}");
}

#[test]
fn sandbox_that_forbids_connections_leaves_the_answer_to_the_bind() {
    let Some(scene) = failing("connect:error=EPERM") else {
        return;
    };
    scene.assert_available(free_port());
    let got = scene.run(&["get", "web"]);
    let (_server, busy) = occupant();
    assert!(got.printed().parse::<u16>().is_ok(), "{got:?}");
    let (_, status) = scene.check(busy);
    assert_eq!(status["usage"], "listening", "{status}");
}

#[test]
fn sandbox_reads_allocations_and_sees_listeners() {
    for injection in SANDBOXES {
        let Some(scene) = failing(injection) else {
            return;
        };
        let outside = |words: &[&str]| scene.run_unwrapped(words).printed().to_owned();
        let web = outside(&["get", "web"]);
        let (_server, busy) = occupant();
        outside(&["allocate", "db", "--port", &busy.to_string(), "--adopt"]);
        assert_eq!(scene.run(&["get", "web"]).printed(), web, "{injection}");
        assert_eq!(scene.run(&["list"]).printed(), outside(&["list"]));
        let listed = scene.json_in(&scene.work(), &["list", "--json"]);
        assert_eq!(listed[0]["state"], "down", "{injection}: {listed}");
        assert_eq!(listed[1]["state"], "up?", "{injection}: {listed}");
        let (text, status) = scene.check(busy);
        assert!(text.contains("in use by test-listener"), "{text}");
        assert_eq!(status["usage"], "listening");
        let (text, _) = scene.check(web.parse().unwrap());
        let holder = format!("port {web} is allocated to work/default/web (id 1, of ");
        assert!(text.starts_with(&holder), "{injection}: {text}");
        assert!(text.ends_with("), and not in use"), "{injection}: {text}");
    }
}

#[test]
fn doctor_tells_that_no_port_may_be_bound() {
    for injection in SANDBOXES {
        let Some(scene) = failing(injection) else {
            return;
        };
        let ran = scene.run(&["doctor", "--json"]);
        assert_eq!(ran.code, Some(1), "{injection}");
        let ports = finding(&ran, "ports");
        assert_eq!(ports["status"], "problem", "{injection}");
        let detail = "this process may not bind ports, so `get` cannot prove that a port is available, and allocates none; \
                      allocated ports can be read";
        assert_eq!(ports["detail"], detail);
        assert_eq!(ports["hint"], "run portctl outside of the sandbox");
    }
}

/// Returns a finding of `portctl doctor --json`.
pub(super) fn finding(ran: &Ran, check: &str) -> Value {
    let findings: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    findings
        .into_iter()
        .find(|it| it["check"] == check)
        .unwrap()
}

#[test]
fn system_without_answer_is_an_error() {
    for (error, cause) in [
        (
            "EAFNOSUPPORT",
            "this process can open neither IPv4 nor IPv6 sockets",
        ),
        ("EMFILE", "Too many open files"),
        ("ENFILE", "Too many open files in system"),
        ("ENOBUFS", "No buffer space available"),
    ] {
        let Some(scene) = failing(&format!("socket:error={error}")) else {
            return;
        };
        for words in [
            &["get", "web"][..],
            &["check", "3000"],
            &["get", "web", "--port", "3000"],
        ] {
            let ran = scene.run(words);
            let message = ran.complained(1);
            let start = "error: cannot find out whether port ";
            assert!(message.starts_with(start), "{error} {words:?}: {message}");
            assert!(message.contains(cause), "{error}: {message}");
            assert!(calls(&scene) <= 8, "{error} {words:?}");
        }
        assert_eq!(scene.run(&["list", "--all", "--json"]).printed(), "[]");
    }
}

#[test]
fn one_missing_address_family_is_no_error() {
    let setup = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
    both_ways(
        || Some(Scene::in_network(setup)?.with("PORT_REGISTRY_RANGE", "3000-3001")),
        |scene| {
            scene.assert_available(3001);
            let _server = scene.listen("/".as_ref(), &["3000"]);
            let (text, _) = scene.check(3000);
            assert!(text.contains("in use by test-listener"), "{text}");
            assert_eq!(scene.run(&["get", "web"]).printed(), "3001");
        },
    );
}
