//! Preferred ports that a service does not get.

use std::path::{Path, PathBuf};

use test_support::Ran;

use super::scene::{Scene, both_ways};

/// Runs a command that must succeed with one note, and returns the note.
#[track_caller]
fn noted(scene: &Scene, folder: &Path, words: &[&str]) -> String {
    let ran = scene.run_in(folder, words);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut lines = ran.stderr.lines();
    let note = lines.next().unwrap().strip_prefix("note: ").unwrap();
    assert_eq!(lines.next(), None, "{ran:?}");
    note.to_owned()
}

/// Runs the command that a note names.
#[track_caller]
fn follow(scene: &Scene, folder: &Path, note: &str) -> Ran {
    let command = note.split('`').nth(1).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let ran = scene.run_in(folder, &words);
    assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
    ran
}

fn port_of(scene: &Scene, folder: &Path, service: &str) -> String {
    let listed = scene.json_in(folder, &["list", service, "--json"]);
    listed[0]["port"].to_string()
}

#[test]
fn a_listener_of_this_checkout_is_taken_over_by_the_command_in_the_note() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let (_server, port) = scene.listen(&shop, &["0"]);
        let port = port.to_string();
        let note = noted(scene, &shop, &["get", "web", "--prefer", &port]);
        let own = port_of(scene, &shop, "web");
        let start = format!(
            "shop/main/web got port {own}, because port {port} is in use by test-listener (pid "
        );
        assert!(note.starts_with(&start), "{note}");
        let end = format!(
            "; it belongs to this checkout; `portctl move web --port {port} --adopt` takes it over"
        );
        assert!(note.ends_with(&end), "{note}");

        let kept = noted(scene, &shop, &["move", "web", "--prefer", &port]);
        let reason = note.split_once(", because ").unwrap().1;
        assert_eq!(kept, reason);
        assert_eq!(port_of(scene, &shop, "web"), own);
        let kept = noted(scene, &shop, &["move", &own, "--prefer", &port]);
        assert!(kept.contains(&format!("`portctl move {own} --port {port} --adopt`")));

        follow(scene, &shop, &note);
        assert_eq!(port_of(scene, &shop, "web"), port);
    });
}

#[test]
fn a_note_names_who_has_the_preferred_port() {
    let of = |name: &'static str, end: &'static str| (Some(name), end);
    for (owner, end) in [
        of("blog", ", WORK/blog"),
        (
            None,
            "; if it is the service, `portctl move web --port PORT --adopt` takes it over",
        ),
    ] {
        both_ways(Scene::new, |scene| {
            let shop = scene.repository("shop");
            let folder = owner.map_or(PathBuf::from("/"), |name| scene.repository(name));
            let (_server, port) = scene.listen(&folder, &["0"]);
            let note = noted(scene, &shop, &["get", "web", "--prefer", &port.to_string()]);
            let work = scene.work();
            let end = end.replace("WORK", work.to_str().unwrap());
            let end = end.replace("PORT", &port.to_string());
            assert!(note.ends_with(&end), "{note}");
            if owner.is_none() {
                follow(scene, &shop, &note);
            }
        });
    }
    both_ways(Scene::new, |scene| {
        let (shop, blog) = (scene.repository("shop"), scene.repository("blog"));
        let held = scene.json_in(&blog, &["get", "db", "--json"])[0]["port"].to_string();
        let note = noted(scene, &shop, &["get", "web", "--prefer", &held]);
        let own = port_of(scene, &shop, "web");
        let expected = format!(
            "shop/main/web got port {own}, because port {held} is allocated to blog/main/db (id 1, of {})",
            blog.display()
        );
        assert_eq!(note, expected);

        std::fs::remove_dir_all(&blog).unwrap();
        let note = noted(scene, &shop, &["move", "web", "--prefer", &held]);
        let end = format!(
            "; its checkout is gone: `portctl release --id 1 && portctl move web --port {held}` takes the port over"
        );
        assert!(note.ends_with(&end), "{note}");
    });
}

#[test]
fn a_preferred_port_is_given_without_a_note_and_a_service_keeps_the_port_that_it_has() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        scene.run_in(&shop, &["get", "a", "b", "c"]).printed();
        let [first, free] = ["b", "c"].map(|it| port_of(scene, &shop, it));
        scene.run_in(&shop, &["release", "b", "c"]).printed();
        let quiet = |words: &[&str]| {
            let ran = scene.run_in(&shop, words);
            assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
            ran.printed().to_owned()
        };
        assert_eq!(quiet(&["get", "web", "--prefer", &free]), free);
        let note = noted(scene, &shop, &["get", "web", "--prefer", &first]);
        let line = format!("portctl move web --prefer {first}");
        assert_eq!(
            note,
            format!("web keeps its port, {free}; `{line}` asks for the other")
        );
        assert_eq!(
            follow(scene, &shop, &note).printed(),
            format!("moved shop/main/web from port {free} to {first}")
        );
        let moved = quiet(&["move", "web", "--prefer", &first]);
        assert_eq!(moved, format!("shop/main/web has port {first} already"));
        // A port that portctl does not choose can be named.
        let note = noted(scene, &shop, &["get", "d", "--prefer", "1"]);
        assert!(note.contains("portctl move d --port 1"), "{note}");
    });
}
