//! The environment of a process as evidence for its checkout.

use std::path::Path;

use super::claims::{assert_foreign, assert_named_by, assert_unknown, listen_as};
use super::scene::{Scene, both_ways};
use test_support::helper::Helper;
use test_support::{Ran, occupant_by, program};

/// Starts `test-listener` in a folder, with the variable that names a checkout.
fn listen_for(scene: &Scene, checkout: &Path, folder: &Path) -> (Helper, u16) {
    let mut command = scene.program(program("test-listener"));
    command.env("PORT_REGISTRY_CHECKOUT", checkout);
    occupant_by(command.arg("0").current_dir(folder))
}

#[test]
fn variable_of_a_process_names_its_checkout() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        for folder in [Path::new("/"), &blog] {
            let (_server, port) = listen_for(scene, &shop, folder);
            assert_eq!(scene.owner(&shop, port), "ours");
            assert_foreign(scene, &blog, port, &shop);
            assert_named_by(scene, port, "variable");
        }
    });
}

#[test]
fn variable_with_a_folder_in_a_checkout_names_the_checkout() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let inside = scene.folder("shop/packages/web");
        let (_server, port) = listen_for(scene, &inside, &blog);
        assert_eq!(scene.owner(&shop, port), "ours");
        assert_foreign(scene, &blog, port, &shop);
    });
}

#[test]
fn variable_with_a_folder_in_no_checkout_counts_for_nothing() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let plain = scene.folder("plain");
        for named in [&plain, Path::new("/")] {
            let (_server, port) = listen_for(scene, named, &blog);
            assert_eq!(scene.owner(&blog, port), "ours", "{named:?}");
            assert_foreign(scene, &shop, port, &blog);
            assert_named_by(scene, port, "folder");
            let (_server, port) = listen_for(scene, named, Path::new("/"));
            assert_unknown(scene, &shop, port, "its folder is in no checkout");
        }
        // Once it has allocations, the folder is a checkout.
        assert_eq!(scene.run_in(&plain, &["get", "web"]).code, Some(0));
        for named in [&plain, &scene.folder("plain/below")] {
            let (_server, port) = listen_for(scene, named, &blog);
            assert_eq!(scene.owner(&plain, port), "ours", "{named:?}");
            assert_foreign(scene, &blog, port, &plain);
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
fn inherited_variable_is_told_with_the_command_that_sets_it() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let inside = scene.folder("shop/packages/web");
        let (_server, port) = listen_for(scene, &blog, &inside);
        let port = port.to_string();
        let reason = format!(
            "; it belongs to another checkout, {}, by PORT_REGISTRY_CHECKOUT in its environment",
            blog.display()
        );
        let ran = scene.run_in(&shop, &["allocate", "web", "--port", &port]);
        assert!(ran.complained(1).contains(&reason), "{ran:?}");
        let get = scene.run_in(&shop, &["get", "web"]);
        let own = get.printed().to_owned();
        let mut command = scene.program(program("test-listener"));
        command.env("PORT_REGISTRY_CHECKOUT", &blog);
        let (_own, _) = occupant_by(command.arg(&own).current_dir(&inside));
        let step = "if it is the service, restart it by `portctl run web -- COMMAND`";
        let ran = scene.run_in(&shop, &["wait", "web", "--timeout", "0"]);
        let error = ran.complained(3);
        assert!(error.contains(&reason) && error.contains(step), "{error}");
        let listed = scene.run_in(&shop, &["list"]);
        assert!(
            listed.stderr.contains(&format!("{reason}; {step}")),
            "{listed:?}"
        );
    });
}

#[test]
fn variable_of_a_worktree_inside_the_checkout_is_not_inherited() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let nested = scene.repository("shop/.worktrees/feature");
        let port = scene.run_in(&shop, &["get", "web"]).printed().to_owned();
        let mut command = scene.program(program("test-listener"));
        command.env("PORT_REGISTRY_CHECKOUT", &nested);
        let (_server, _) = occupant_by(command.arg(&port).current_dir(&nested));
        let ran = scene.run_in(&shop, &["wait", "web", "--timeout", "0"]);
        let expected = format!(
            "; it belongs to another checkout, {}\n\
             hint: `portctl move web` gives the service another port",
            nested.display()
        );
        assert!(ran.complained(3).ends_with(&expected), "{ran:?}");
    });
}

#[test]
fn inherited_variable_in_a_list_of_several_checkouts_is_told_with_the_folder_of_the_command() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let port = scene.run_in(&shop, &["get", "web"]).printed().to_owned();
        let mut command = scene.program(program("test-listener"));
        command.env("PORT_REGISTRY_CHECKOUT", &blog);
        let (_server, _) = occupant_by(command.arg(&port).current_dir(&shop));
        let labels = "--app shop --instance main";
        let step = format!(
            "restart it by `cd {} && portctl run {labels} web -- COMMAND`\n",
            shop.display()
        );
        for words in [&["list", "--all"][..], &["list", "--app", "shop"]] {
            let ran = scene.run_in(&blog, words);
            assert!(ran.stderr.ends_with(&step), "{ran:?}");
        }
        let words = ["list", "--app", "shop", "--instance", "main"];
        let ran = scene.run_in(&blog, &words);
        let step = format!("restart it by `portctl run {labels} web -- COMMAND`\n");
        assert!(ran.stderr.ends_with(&step), "{ran:?}");
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
