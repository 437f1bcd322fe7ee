//! Ports that this user may not bind. "Not permitted" is not "free".

use super::scene::{Scene, both_ways};
use test_support::Ran;

/// Runs a program that may bind no port below 1024, and inspect no process with more privileges than it has.
const UNPRIVILEGED: [&str; 3] = ["setpriv", "--bounding-set=-all", "--"];

fn scene() -> Option<Scene> {
    Some(Scene::in_network("true")?.wrapped(&UNPRIVILEGED))
}

/// A compose file whose service publishes port 80.
const COMPOSE: &str = "services:\n  web:\n    ports: ['80:8080']\n";

#[test]
fn listener_on_a_port_that_may_not_be_bound_is_seen() {
    both_ways(scene, |scene| {
        let _server = scene.listen("/".as_ref(), &["80"]);
        let (text, status) = scene.check(80);
        let found = "port 80 is in use by a process of yours, and not allocated";
        assert!(text.starts_with(found), "{text}");
        assert_eq!(status["available"], false);
        assert_eq!(status["usage"], "listening", "{status}");
        std::fs::write(scene.work().join("compose.yaml"), COMPOSE).unwrap();
        for words in [
            &["allocate", "web", "--port", "80"][..],
            &["get", "web", "--port", "80"],
            &["scan", "--register"],
        ] {
            let ran = scene.run(words);
            let error = ran.complained(1);
            assert!(
                error.contains("in use by a process of yours"),
                "{words:?}: {error}"
            );
        }
        if let Some(daemon) = &scene.daemon {
            let body = r#"{"app":"a","instance":"b","service":"c","port":80}"#;
            let url = format!("http://{}/v1/allocations", daemon.address);
            let words = ["--silent", "--write-out", "%{http_code}", "--data", body];
            let posted = Ran::of(scene.program("curl").args(words).arg(url));
            assert!(posted.printed().ends_with("409"), "{posted:?}");
        }
        assert_eq!(scene.run(&["list", "--all", "--json"]).printed(), "[]");
    });
}

#[test]
fn forwarded_port_that_may_not_be_bound_is_seen() {
    let setup =
        "iptables -t nat -A OUTPUT -p tcp -d 127.0.0.1 --dport 80 -j REDIRECT --to-ports 9090";
    let scene = || Some(Scene::in_network(setup)?.wrapped(&UNPRIVILEGED));
    both_ways(scene, |scene| {
        scene.assert_available(80);
        let _server = scene.listen("/".as_ref(), &["9090"]);
        let (_, status) = scene.check(80);
        assert_eq!(status["usage"], "forwarded", "{status}");
        let ran = scene.run(&["allocate", "web", "--port", "80"]);
        assert!(ran.complained(1).contains("forwarded"), "{ran:?}");
    });
}

#[test]
fn port_that_may_not_be_bound_is_accepted_if_named() {
    both_ways(scene, |scene| {
        scene.assert_available(80);
        let allocated = scene.run(&["allocate", "web", "--port", "80"]);
        assert!(
            allocated.printed().starts_with("allocated port 80 for"),
            "{allocated:?}"
        );
        assert_eq!(scene.run(&["get", "web"]).printed(), "80");
    });
}

#[test]
fn port_that_may_not_be_bound_is_not_chosen() {
    let in_range = |range: &'static str| move || Some(scene()?.with("PORT_REGISTRY_RANGE", range));
    both_ways(in_range("79-81"), |scene| {
        let ran = scene.run(&["get", "web"]);
        let error = ran.complained(1);
        assert!(error.contains("79-81"), "{error}");
        assert_eq!(scene.run(&["list", "--all", "--json"]).printed(), "[]");
    });
    both_ways(in_range("1022-1025"), |scene| {
        assert_eq!(scene.run(&["get", "web", "db"]).printed(), "1024\n1025");
        scene.run(&["get", "other"]).complained(1);
    });
}
