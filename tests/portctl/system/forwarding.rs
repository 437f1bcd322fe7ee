//! Ports that the kernel forwards, and connections that prove nothing.

use std::path::Path;

use super::scene::{Scene, both_ways};

/// Publishes port 8080 as some container engines do, without a process that listens on it.
const PUBLISHED: &str =
    "iptables -t nat -A OUTPUT -p tcp -d 127.0.0.1 --dport 8080 -j REDIRECT --to-ports 9090";

#[test]
fn port_that_only_nat_publishes_is_in_use() {
    let scene = || Some(Scene::in_network(PUBLISHED)?.with("PORT_REGISTRY_RANGE", "8080-8081"));
    both_ways(scene, |scene| {
        scene.assert_available(8080);
        let server = scene.listen(Path::new("/"), &["9090"]);
        let (text, status) = scene.check(8080);
        assert_eq!(
            text,
            "port 8080 is forwarded by the system, for example to a container, and not allocated; its checkout is \
             unknown, because the system does not name it"
        );
        assert_eq!(status["usage"], "forwarded", "{status}");
        assert_eq!(status["owner"], "unknown", "{status}");
        for words in [
            &["allocate", "web", "--port", "8080"][..],
            &["get", "web", "--port", "8080"],
        ] {
            let ran = scene.run(words);
            assert!(ran.complained(1).contains("forwarded"), "{ran:?}");
        }
        assert_eq!(scene.run(&["get", "web"]).printed(), "8081");
        scene.run(&["get", "db"]).complained(1);
        drop(server);
        assert_eq!(scene.run(&["get", "db"]).printed(), "8080");
    });
}

#[test]
fn list_tries_no_connection_to_a_port_on_which_nothing_listens() {
    both_ways(
        || Scene::in_network(PUBLISHED),
        |scene| {
            let _server = scene.listen(Path::new("/"), &["9090"]);
            let adopt = ["allocate", "web", "--port", "8080", "--adopt"];
            assert_eq!(scene.run(&adopt).code, Some(0));
            // As `list --help` says.
            let listed = scene.json_in(&scene.work(), &["list", "--json"]);
            assert_eq!(listed[0]["state"], "down", "{listed}");
            let checked = scene.run(&["check", "web"]);
            assert!(checked.stdout.contains("forwarded"), "{checked:?}");
        },
    );
}

#[test]
fn probe_does_not_take_its_own_connection_for_a_server() {
    // The kernel has one port for connections, so that a connection to that port connects to itself.
    let setup = "echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range";
    let Some(scene) = Scene::in_network(setup) else {
        return;
    };
    for _ in 0..10 {
        scene.assert_available(40000);
    }
    let got = scene.run(&["get", "web", "--port", "40000"]);
    assert_eq!(got.printed(), "40000");
}

#[test]
fn firewall_that_answers_nothing_does_not_take_a_port() {
    let setup = "iptables -A INPUT -i lo -p tcp --dport 3000:3001 -j DROP";
    let scene = || Some(Scene::in_network(setup)?.with("PORT_REGISTRY_RANGE", "3000-3001"));
    both_ways(scene, |scene| {
        scene.assert_available(3000);
        assert_eq!(scene.run(&["get", "web", "db"]).printed(), "3000\n3001");
        let _server = scene.listen(Path::new("/"), &["3001"]);
        let (text, _) = scene.check(3001);
        assert!(text.contains("in use by test-listener"), "{text}");
    });
}
