//! Several processes on one port.

use std::net::TcpListener;
use std::path::Path;

use super::scene::{Scene, both_ways};
use test_support::daemon::Daemon;
use test_support::free_block;

#[test]
fn two_processes_on_one_port_are_both_named() {
    if TcpListener::bind("[::1]:0").is_err() {
        // A machine without IPv6 has no such processes.
        return;
    }
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let port = free_block(1);
        let word = port.to_string();
        let (first, _) = scene.listen(&shop, &[&word, "on=127.0.0.1"]);
        let (second, _) = scene.listen(&blog, &[&word, "on=::1"]);
        let (text, status) = scene.check_in(&shop, port);
        let name =
            |pid, folder: &Path| format!("test-listener (pid {pid}, in {})", folder.display());
        let (of_shop, of_blog) = (name(first.id(), &shop), name(second.id(), &blog));
        assert!(
            text.contains(&format!("in use by {of_shop} and {of_blog}, and"))
                || text.contains(&format!("in use by {of_blog} and {of_shop}, and")),
            "{text}"
        );
        let listener = &status["listener"];
        let mut pids = vec![&listener["pid"], &listener["others"][0]["pid"]];
        pids.sort_by_key(|it| it.as_u64());
        let mut expected = [first.id(), second.id()];
        expected.sort_unstable();
        assert_eq!(pids, expected, "{status}");
        // Connections may reach either.
        for (here, other, pid) in [(&shop, &blog, second.id()), (&blog, &shop, first.id())] {
            assert_eq!(scene.owner(here, port), "foreign");
            let (text, _) = scene.check_in(here, port);
            let end = format!(
                "; test-listener (pid {pid}) belongs to another checkout, {}",
                other.display()
            );
            assert!(text.ends_with(&end), "{text}");
        }
    });
}

#[test]
fn the_one_of_two_processes_whose_checkout_is_unknown_is_named() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let port = free_block(1);
        let word = port.to_string();
        let _own = scene.listen(&shop, &[&word, "on=127.0.0.1"]);
        let (unknown, _) = scene.listen(Path::new("/"), &[&word, "on=::1"]);
        let (text, _) = scene.check_in(&shop, port);
        let end = format!(
            "; the checkout of test-listener (pid {}) is unknown, because its folder is in no checkout",
            unknown.id()
        );
        assert!(text.ends_with(&end), "{text}");
    });
}

#[test]
fn process_that_localhost_does_not_reach_counts_only_if_it_is_alone() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let word = scene.run_in(&shop, &["get", "web"]).printed().to_owned();
        let port = word.parse().unwrap();
        let (_foreign, _) = scene.listen(&blog, &[&word, "on=127.0.0.2"]);
        assert_eq!(scene.owner(&shop, port), "foreign");
        let (_own, _) = scene.listen(&shop, &[&word, "on=127.0.0.1"]);
        assert_eq!(scene.owner(&shop, port), "ours");
        assert_eq!(scene.owner(&blog, port), "foreign");
        let listed = scene.json_in(&shop, &["list", "--json"]);
        assert_eq!(listed[0]["state"], "up", "{listed}");
        let ran = scene.run_in(&shop, &["wait", "web", "--strict", "--timeout", "0"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    });
}

#[test]
fn daemon_is_told_as_what_it_is() {
    let scene = Scene::new();
    let shop = scene.repository("shop");
    for folder in [shop.as_path(), Path::new("/")] {
        let mut command = scene.command("port-registry");
        let daemon = Daemon::spawn(command.args(["--port", "0"]).current_dir(folder));
        let (text, status) = scene.check_in(&shop, daemon.address.port());
        assert!(text.ends_with("; it is port-registry's daemon"), "{text}");
        assert_eq!(status["owner"], "unknown");
    }
}

#[test]
fn many_processes_on_one_port_are_counted() {
    both_ways(Scene::new, |scene| {
        let port = free_block(1);
        let servers: Vec<_> = (1..=5)
            .map(|last| {
                let address = format!("on=127.0.0.{last}");
                scene.listen(Path::new("/"), &[&port.to_string(), &address])
            })
            .collect();
        let (text, status) = scene.check(port);
        assert_eq!(text.matches("test-listener (pid ").count(), 3, "{text}");
        assert!(text.contains(" and 2 others, and not allocated"), "{text}");
        let listener = &status["listener"];
        assert_eq!(listener["others"].as_array().unwrap().len(), 4, "{status}");
        drop(servers);
        scene.assert_available(port);
    });
}

#[test]
fn workers_that_inherited_the_socket_are_one_listener() {
    both_ways(Scene::new, |scene| {
        let (server, port) = scene.listen(Path::new("/"), &["0", "worker"]);
        let (text, status) = scene.check(port);
        assert_eq!(text.matches("(pid ").count(), 1, "{text}");
        let listener = &status["listener"];
        assert!(listener.get("others").is_none(), "{status}");
        drop(server);
    });
}

#[test]
fn process_on_several_addresses_is_one_listener() {
    both_ways(Scene::new, |scene| {
        let port = free_block(1).to_string();
        let words = [&port, "on=127.0.0.1", "on=127.0.0.2"];
        let (server, port) = scene.listen(Path::new("/"), &words);
        let (text, status) = scene.check(port);
        let by = format!("in use by test-listener (pid {}, in /), and", server.id());
        assert!(text.contains(&by), "{text}");
        assert!(status["listener"].get("others").is_none());
    });
}
