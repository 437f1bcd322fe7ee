//! Ports in use on which nothing listens.

use super::scene::{Scene, both_ways};
use test_support::{free_block, user_of};

/// Checks a port that is in use without a listener, and tests the advice.
#[track_caller]
fn assert_quiet(scene: &Scene, port: u16, usage: &str, words: &str) {
    let (text, status) = scene.check(port);
    assert_eq!(text, format!("port {port} is {words}, and not allocated"));
    assert_eq!(status["usage"], usage, "{status}");
    assert_eq!(status["owner"], "nobody", "{status}");
    let number = port.to_string();
    for command in ["allocate", "get"] {
        let ran = scene.run(&[command, "web", "--port", &number]);
        assert_eq!(
            ran.complained(1),
            format!(
                "error: port {port} is {words}, and not allocated\n\
                 hint: nothing listens there: wait until it is free, or leave --port out to get an available port"
            )
        );
    }
}

#[test]
fn port_of_a_connection_that_was_closed_is_told_as_such() {
    both_ways(Scene::new, |scene| {
        let port = free_block(1);
        let _user = user_of(port, "closing");
        let words = "kept by a connection that was just closed";
        assert_quiet(scene, port, "closing", words);
    });
}

#[test]
fn port_that_is_bound_without_listening_is_told_as_such() {
    both_ways(Scene::new, |scene| {
        let port = free_block(1);
        let user = user_of(port, "bound");
        let words = "bound by a process that does not listen on it";
        assert_quiet(scene, port, "bound", words);
        drop(user);
        scene.assert_available(port);
    });
}

#[test]
fn local_end_of_a_connection_is_told_as_such() {
    both_ways(Scene::new, |scene| {
        let port = free_block(1);
        let user = user_of(port, "connected");
        let (text, _) = scene.check(port);
        let by = format!("in use by a connection of test-socket (pid {}", user.id());
        assert!(text.contains(&by), "{text}");
        let words = text.strip_prefix(&format!("port {port} is "));
        let words = words.unwrap().strip_suffix(", and not allocated");
        assert_quiet(scene, port, "connected", words.unwrap());
    });
}
