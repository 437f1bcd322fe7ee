//! A sandbox in which no port can be bound, and a system that does not tell.

use std::fs;

use serde_json::Value;
use test_support::daemon::Daemon;

use super::scene::{Scene, both_ways};
use test_support::{Ran, free_block, free_port, is_available, occupant, user_of};

/// The system calls that fail in a sandbox.
const SANDBOXES: [&str; 3] = [
    "bind:error=EPERM",
    "bind:error=EACCES",
    "socket:error=EPERM",
];

/// A scene in which a system call of portctl always fails. Records the calls.
fn failing(injection: &str) -> Option<Scene> {
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
fn finding(ran: &Ran, check: &str) -> Value {
    let findings: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    findings
        .into_iter()
        .find(|it| it["check"] == check)
        .unwrap()
}

/// The system calls that fail where no connection can be opened, with the problem and the hint.
const UNCONNECTED: [(&str, &str, &str); 5] = [
    ("connect:error=EPERM", NO_CONNECTIONS, OUTSIDE),
    ("connect:error=EACCES", NO_CONNECTIONS, OUTSIDE),
    ("socket:error=EPERM", NO_CONNECTIONS, OUTSIDE),
    ("socket:error=EAFNOSUPPORT", NO_CONNECTIONS, OUTSIDE),
    (
        "socket:error=EMFILE",
        "this process has too many open files to open a connection",
        "hint: allow it more, for example with `ulimit -n 1024`",
    ),
];

const NO_CONNECTIONS: &str = "this process may not open connections";
const OUTSIDE: &str = "hint: run portctl outside of the sandbox";

#[test]
fn process_that_may_not_connect_says_so_and_leaves_the_daemon_alone() {
    for (injection, problem, hint) in UNCONNECTED {
        let Some(scene) = failing(injection) else {
            return;
        };
        let address = format!("127.0.0.1:{}", free_block(1));
        let scene = scene.with("PORT_REGISTRY_ADDR", &address);
        let cannot = format!("cannot reach {address}: {problem}");
        let ran = scene.run(&["start"]);
        let expected = format!("error: no daemon was started: {cannot}\n{hint}");
        assert_eq!(ran.complained(1), expected, "{injection}");
        let ran = scene.run(&["status"]);
        assert_eq!(ran.stdout, "Server is not running\n", "{injection}");
        assert_eq!(
            scene.run(&["stop"]).complained(1),
            "error: Server is not running"
        );

        let port = address.rsplit_once(':').unwrap().1;
        let daemon = Daemon::spawn(
            scene
                .command_unwrapped("port-registry")
                .args(["--port", port]),
        );
        let pid = daemon.child.id();
        for (words, before) in [
            (
                &["start"][..],
                format!("the daemon (pid {pid}) was not contacted: "),
            ),
            (
                &["stop"],
                format!("the daemon (pid {pid}) was not stopped: "),
            ),
            (
                &["restart"],
                format!("the daemon (pid {pid}) was not stopped: "),
            ),
            (&["health"], String::new()),
            (&["wait", "web"], String::new()),
            (&["list"], String::new()),
        ] {
            let ran = scene.run(words);
            let expected = format!("error: {before}{cannot}\n{hint}");
            assert_eq!(ran.complained(1), expected, "{injection} {words:?}");
        }
        let ran = scene.run(&["status"]);
        assert_eq!(
            (ran.code, ran.stdout, ran.stderr),
            (
                Some(0),
                format!("Server is running (pid {pid}) at http://{address}\n"),
                format!("note: {cannot}; {}\n", hint.trim_start_matches("hint: "))
            ),
            "{injection}"
        );
        assert!(
            scene
                .json_in(&scene.work(), &["status", "--json"])
                .get("healthy")
                .is_none()
        );
        let ran = scene.run(&["doctor"]);
        assert!(ran.stdout.contains(&cannot), "{injection}: {ran:?}");
        assert!(!ran.stdout.contains("kill"), "{injection}: {ran:?}");
        let healthy = scene.run_unwrapped(&["health"]);
        assert_eq!(healthy.printed(), "healthy");
    }
}

#[test]
fn waiting_and_opening_need_connections() {
    for (injection, problem, hint) in UNCONNECTED {
        let Some(scene) = failing(injection) else {
            return;
        };
        let outside = |words: &[&str]| scene.run_unwrapped(words).printed().to_owned();
        let port = outside(&["get", "web"]);
        let _server = scene.listen(&scene.work(), &[&port]);
        let expected = format!(
            "error: {problem}, so it cannot tell if a server answers on port {port}\n{hint}"
        );
        for words in [
            &["wait", "web"][..],
            &["wait", "web", "--http", "/"],
            &["open", "web"],
        ] {
            let ran = scene.run(words);
            assert_eq!(ran.complained(1), expected, "{injection} {words:?}");
        }
        // These need none.
        for words in [&["list"][..], &["get", "web"], &["url", "web"]] {
            assert_eq!(
                scene.run(words).printed(),
                outside(words),
                "{injection} {words:?}"
            );
        }
        // Without any socket, the port cannot be probed.
        if injection.ends_with("EPERM") || injection.ends_with("EACCES") {
            let (text, _) = scene.check(port.parse().unwrap());
            assert!(
                text.contains("in use by test-listener"),
                "{injection}: {text}"
            );
        }
    }
}

#[test]
fn doctor_without_a_daemon_tells_that_connections_are_denied() {
    for (injection, problem, hint) in UNCONNECTED {
        let Some(scene) = failing(injection) else {
            return;
        };
        let daemon = finding(&scene.run(&["doctor", "--json"]), "daemon");
        assert_eq!(daemon["status"], "warning", "{injection}");
        let detail = daemon["detail"].as_str().unwrap();
        assert!(detail.contains(problem), "{injection}: {detail}");
        assert_eq!(format!("hint: {}", daemon["hint"].as_str().unwrap()), hint);
    }
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
