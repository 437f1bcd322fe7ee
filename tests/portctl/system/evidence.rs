//! The evidence for the checkout of a listener: its environment, its container, and its folder, in this order.

use std::path::Path;

use super::engine::Engine;
use super::scene::{Scene, both_ways};
use test_support::{Ran, install, occupant_by, program};

/// Starts `test-listener` in a folder, with the variable that names a checkout.
fn listen_for(
    scene: &Scene,
    checkout: &Path,
    folder: &Path,
) -> (test_support::helper::Helper, u16) {
    let mut command = scene.program(program("test-listener"));
    command.env("PORT_REGISTRY_CHECKOUT", checkout);
    occupant_by(command.arg("0").current_dir(folder))
}

/// Starts a copy of `test-listener` that has this name.
fn listen_as(scene: &Scene, name: &str, folder: &Path) -> (test_support::helper::Helper, u16) {
    let copy = scene.sandbox.path().join(name);
    if !copy.exists() {
        install(program("test-listener"), &copy);
    }
    occupant_by(scene.program(copy).arg("0").current_dir(folder))
}

/// Asserts that a port has a foreign listener, seen from a folder, and that the other checkout is named.
#[track_caller]
fn assert_foreign(scene: &Scene, folder: &Path, port: u16, other: &Path) {
    assert_eq!(scene.owner(folder, port), "foreign");
    let (text, _) = scene.check_in(folder, port);
    let end = format!("; it belongs to another checkout, {}", other.display());
    assert!(text.ends_with(&end), "{text}");
}

/// Asserts that the checkout of a port's listener is unknown, for this reason.
#[track_caller]
fn assert_unknown(scene: &Scene, folder: &Path, port: u16, reason: &str) {
    assert_eq!(scene.owner(folder, port), "unknown");
    let (text, _) = scene.check_in(folder, port);
    let end = format!("; its checkout is unknown, because {reason}");
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn variable_of_a_process_names_its_checkout() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        for folder in [Path::new("/"), &blog] {
            let (_server, port) = listen_for(scene, &shop, folder);
            assert_eq!(scene.owner(&shop, port), "ours");
            assert_foreign(scene, &blog, port, &shop);
        }
    });
}

#[test]
fn variable_that_names_no_existing_checkout_counts_for_nothing() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        for named in [&shop.join("gone"), Path::new("shop"), Path::new("")] {
            let (_server, port) = listen_for(scene, named, &blog);
            assert_eq!(scene.owner(&blog, port), "ours", "{named:?}");
            assert_foreign(scene, &shop, port, &blog);
        }
    });
}

#[test]
fn commands_of_run_belong_to_the_checkout() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let inside = scene.folder("shop/packages/web");
        let mut command = scene.command("portctl");
        let script = format!(
            "cd / && exec {} \"$PORT\"",
            program("test-listener").display()
        );
        command.args(["run", "web", "--", "sh", "-c", &script]);
        let (server, port) = occupant_by(command.current_dir(&inside));
        assert_eq!(scene.owner(&inside, port), "ours");
        assert_foreign(scene, &blog, port, &shop);
        let (text, _) = scene.check(port);
        assert!(
            text.contains(&format!("(pid {}, in /)", server.id())),
            "{text}"
        );
        let listed = scene.json_in(&shop, &["list", "--json"]);
        assert_eq!(listed[0]["state"], "up", "{listed}");
        // The commands of another checkout's run do not keep the name of the first.
        let variable = ["run", "web", "--", "printenv", "PORT_REGISTRY_CHECKOUT"];
        let mut nested = scene.command("portctl");
        nested.env("PORT_REGISTRY_CHECKOUT", &shop).args(variable);
        let named = Ran::of(nested.current_dir(&blog));
        assert_eq!(named.stdout.trim_end(), blog.to_str().unwrap(), "{named:?}");
    });
}

/// A scene with a container engine.
fn with_engine(engine: &mut Option<Engine>) -> Scene {
    let scene = Scene::new();
    let started = Engine::start(&scene.sandbox.path());
    let scene = scene.with("DOCKER_HOST", started.host());
    *engine = Some(started);
    scene
}

/// Runs a test with a container engine, in process and through a daemon.
fn with_containers(test: impl Fn(&Scene, &Engine)) {
    let engine = std::cell::RefCell::new(None);
    both_ways(
        || with_engine(&mut engine.borrow_mut()),
        |scene| test(scene, engine.borrow().as_ref().unwrap()),
    );
}

#[test]
fn container_belongs_to_the_checkout_that_compose_started_it_in() {
    with_containers(|scene, engine| {
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
    });
}

#[test]
fn container_without_a_label_is_unknown() {
    with_containers(|scene, engine| {
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

#[test]
fn folder_of_a_forwarder_proves_nothing() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        for name in ["ssh", "docker-proxy", "rootlessport", "gvproxy"] {
            let (_forwarder, port) = listen_as(scene, name, &shop);
            for folder in [&shop, &blog, &scene.work()] {
                assert_unknown(scene, folder, port, "it forwards connections");
            }
        }
        // The variable does, because run has set it.
        let mut command = scene.program(scene.sandbox.path().join("ssh"));
        command.env("PORT_REGISTRY_CHECKOUT", &shop);
        let (_forwarder, port) = occupant_by(command.arg("0").current_dir("/"));
        assert_eq!(scene.owner(&shop, port), "ours");
    });
}
