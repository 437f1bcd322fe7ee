//! The container of a process as evidence for its checkout.

use std::fs;
use std::path::Path;

use super::claims::{assert_foreign, assert_named_by, assert_unknown, listen_as};
use super::engine::Engine;
use super::scene::{Scene, both_ways};
use test_support::is_available;

/// Runs a test with a container engine, in process and through a daemon.
fn with_containers<S: Into<Option<Scene>>>(
    make: impl Fn() -> S,
    test: impl Fn(&Scene, &Engine) + Sync,
) {
    let make = || {
        let mut scene = make().into()?;
        let engine = Engine::start(&scene.sandbox.path());
        scene = scene.with("DOCKER_HOST", engine.host());
        scene.engine = Some(engine);
        Some(scene)
    };
    both_ways(make, |scene| test(scene, scene.engine.as_ref().unwrap()));
}

#[test]
fn container_belongs_to_the_checkout_that_compose_started_it_in() {
    with_containers(Scene::new, |scene, engine| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let inside = scene.folder("shop/deploy");
        // The proxy's own folder proves nothing.
        let (_proxy, port) = listen_as(scene, "docker-proxy", &blog);
        assert_unknown(scene, &blog, port, "it forwards connections");
        engine.run("shop-db-1", port, Some(&inside));
        assert_eq!(scene.owner(&shop, port), "ours");
        assert_foreign(scene, &blog, port, &shop);
        let (text, status) = scene.check(port);
        assert!(text.contains(", container shop-db-1)"), "{text}");
        assert_eq!(status["listener"]["container"], "shop-db-1");
        assert_eq!(status["listener"]["checkout"], shop.to_str().unwrap());
        assert_named_by(scene, port, "container");
    });
}

#[test]
fn container_without_a_label_is_unknown() {
    with_containers(Scene::new, |scene, engine| {
        let shop = scene.repository("shop");
        let (_proxy, port) = listen_as(scene, "docker-proxy", &shop);
        engine.run("other", port.wrapping_add(1), Some(&shop));
        assert_unknown(scene, &shop, port, "it forwards connections");
        engine.run("db", port, None);
        assert_unknown(scene, &shop, port, "its container names no checkout");
        // A label may name a folder of another machine.
        let (_proxy, port) = listen_as(scene, "docker-proxy", &shop);
        engine.run("remote", port, Some(Path::new("/nowhere/blog")));
        assert_unknown(scene, &shop, port, "its container names no checkout");
    });
}

/// A scene whose processes portctl may not inspect, as it may not Docker's proxy, which runs as root.
fn without_privileges() -> Option<Scene> {
    let scene = Scene::in_network("true")?;
    Some(scene.wrapped(&["setpriv", "--bounding-set=-all", "--"]))
}

#[test]
fn engine_is_asked_only_for_listeners_on_ports_of_the_listed_services() {
    with_containers(without_privileges, |scene, engine| {
        let shop = scene.repository("shop");
        let got = scene.run_in(&shop, &["get", "web"]);
        let web = got.printed().to_owned();
        let listed = || scene.json_in(&shop, &["list", "--json"])[0]["state"].clone();
        let other = web.parse::<u16>().unwrap() + 1;
        let _other = scene.listen(Path::new("/"), &[&other.to_string()]);
        engine.take_requests();
        assert_eq!(listed(), "down");
        assert_eq!(engine.take_requests(), 0);
        let _web = scene.listen(Path::new("/"), &[&web]);
        assert_eq!(listed(), "up?");
        assert_eq!(engine.take_requests(), 1);
        engine.run("shop-web-1", web.parse().unwrap(), Some(&shop));
        assert_eq!(listed(), "up");
    });
}

#[test]
fn container_behind_a_process_that_may_not_be_inspected_tells_its_checkout() {
    with_containers(without_privileges, |scene, engine| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let (_proxy, port) = scene.listen(Path::new("/"), &["3000"]);
        assert_unknown(scene, &shop, port, "it may not be inspected");
        engine.run("shop-db-1", port, Some(&shop));
        let (text, _) = scene.check_in(&shop, port);
        assert!(
            text.contains("in use by container shop-db-1, and"),
            "{text}"
        );
        assert_eq!(scene.owner(&shop, port), "ours");
        assert_foreign(scene, &blog, port, &shop);
    });
}

#[test]
fn container_that_a_port_is_forwarded_to_tells_its_checkout() {
    let setup =
        "iptables -t nat -A OUTPUT -p tcp -d 127.0.0.1 --dport 8080 -j REDIRECT --to-ports 9090";
    with_containers(
        || Scene::in_network(setup),
        |scene, engine| {
            let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
            let _server = scene.listen(Path::new("/"), &["9090"]);
            engine.run("shop-web-1", 8080, Some(&shop));
            let (text, _) = scene.check_in(&shop, 8080);
            assert!(
                text.contains("forwarded to container shop-web-1, and"),
                "{text}"
            );
            assert_eq!(scene.owner(&shop, 8080), "ours");
            assert_foreign(scene, &blog, 8080, &shop);
            let refused = scene.run_in(&blog, &["allocate", "web", "--port", "8080", "--adopt"]);
            let error = refused.complained(1);
            assert!(error.contains("it belongs to another checkout"), "{error}");
        },
    );
}

#[test]
fn engine_that_does_not_answer_leaves_the_checkout_unknown() {
    both_ways(
        || {
            let scene = Scene::new();
            let socket = scene.sandbox.path().join("engine.sock");
            // Connections wait to be accepted.
            let silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            std::mem::forget(silent);
            scene.with("DOCKER_HOST", format!("unix://{}", socket.display()))
        },
        |scene| {
            let shop = scene.repository("shop");
            let (_proxy, port) = listen_as(scene, "docker-proxy", &shop);
            assert_unknown(scene, &shop, port, "it forwards connections");
            fs::remove_file(scene.sandbox.path().join("engine.sock")).unwrap();
            assert_unknown(scene, &shop, port, "it forwards connections");
        },
    );
}

#[test]
fn names_of_containers_are_escaped() {
    with_containers(Scene::new, |scene, engine| {
        let shop = scene.repository("shop");
        let (_proxy, port) = listen_as(scene, "docker-proxy", &shop);
        engine.run("db\u{1b}[31m", port, None);
        let (text, _) = scene.check_in(&shop, port);
        assert!(text.contains(r"container db\u{1b}[31m)"), "{text}");
        let refused = scene.run_in(&shop, &["allocate", "web", "--port", &port.to_string()]);
        let error = refused.complained(1);
        assert!(error.contains(r"container db\u{1b}[31m)"), "{error}");
    });
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn compose_keeps_the_port_of_the_containers_of_this_checkout_alone() {
    with_containers(Scene::new, |scene, engine| {
        let mut compose = scene.program("docker");
        if !is_available("Docker Compose", compose.args(["compose", "version"])) {
            return;
        }
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let (_proxy, port) = listen_as(scene, "docker-proxy", Path::new("/"));
        engine.run("shop-db-1", port, Some(&shop));
        let file = format!("services: {{db: {{image: postgres, ports: ['{port}:5432']}}}}\n");
        for folder in [&shop, &blog] {
            fs::write(folder.join("compose.yaml"), &file).unwrap();
        }
        let moved = scene.run_in(&blog, &["compose", "--print"]);
        assert!(moved.stdout.contains("published"), "{moved:?}");
        let note = format!("because port {port} is in use by docker-proxy");
        assert!(moved.stderr.contains(&note), "{moved:?}");
        let kept = scene.run_in(&shop, &["compose", "--print"]);
        assert_eq!((kept.code, &*kept.stdout), (Some(0), ""), "{kept:?}");
        let got = scene.run_in(&shop, &["get", "db"]);
        assert_eq!(got.printed(), port.to_string());
    });
}
