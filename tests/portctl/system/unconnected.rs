//! A process that can open no connection.

use test_support::daemon::Daemon;
use test_support::free_block;

use super::sandboxed::{OUTSIDE, failing, finding};

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
