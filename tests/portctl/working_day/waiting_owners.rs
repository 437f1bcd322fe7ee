//! `portctl wait`: the checkouts of the servers.

use std::process::Command;

use serde_json::Value;
use test_support::{free_block, occupant_by, occupant_of, occupant_of_in, program};

use super::machine::both_ways;
use super::waiting::{assert_silent, http_server, other_checkout};

#[test]
fn server_belongs_to_the_checkout_that_its_environment_names() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let other = other_checkout(machine);
        let mut command = Command::new(program("test-listener"));
        // As `portctl run` sets it.
        command.env("PORT_REGISTRY_CHECKOUT", machine.work());
        let _server = occupant_by(command.arg(port.to_string()).current_dir(other));
        assert_silent(&machine.run(&["wait", "web", "--strict"]));
    });
}

#[test]
fn server_of_another_checkout_ends_the_wait_at_once_with_exit_code_3() {
    both_ways(|machine| {
        let blog = other_checkout(machine);
        // Nothing ever listens on this port.
        machine.port_of("api");
        let port = machine.port_of("web");
        let server = http_server(&blog, &format!("127.0.0.1:{port}"), &["500"]);
        let expected = format!(
            "port {port} of work/default/web is in use by test-http (pid {1}, in {0}); it belongs to another checkout, {0}",
            blog.display(),
            server.id(),
        );
        for line in [
            &["wait", "web"][..],
            &["wait", "api", "web"],
            &["wait"],
            &["wait", "web", "--http", "/", "--timeout", "0"],
            &["wait", "web", "--strict"],
        ] {
            let ran = machine.run(line);
            assert!(
                ran.complained(3)
                    .starts_with(&format!("error: {expected}\nhint: ")),
                "{line:?} {ran:?}"
            );
        }
        let ran = machine.run(&["wait", "web", "--json"]);
        let error: Value = serde_json::from_str(ran.complained(3)).unwrap();
        assert_eq!(error["error"], expected);
        assert_eq!(error["listener"]["pid"], server.id());
        assert_eq!(error["holder"]["service"], "web");
        // The hint resolves it, and for the other checkout the server is no foreign one.
        assert!(
            error["hint"]
                .as_str()
                .unwrap()
                .starts_with("`portctl move web` "),
            "{error}"
        );
        let moved = machine.run(&["move", "web"]);
        let note = format!(
            "note: port {port} is still in use by test-http (pid {1}, in {0}); it belongs to another checkout, {0}\n",
            blog.display(),
            server.id()
        );
        assert_eq!((moved.code, moved.stderr), (Some(0), note));
        let blog_port = port.to_string();
        let line = ["allocate", "web", "--port", &blog_port, "--adopt"];
        machine.run_in(&blog, &line).printed();
        assert_silent(&machine.run_in(&blog, &["wait", "web"]));
        // Labels that are typed mean the checkout of the service.
        let line = ["wait", "web", "--app", "blog", "--instance", "default"];
        assert_eq!(machine.run(&line).code, Some(0));
    });
}

#[test]
fn server_that_cannot_be_told_is_taken_with_a_note_unless_strict() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let server = occupant_of(port);
        let unknown = format!(
            "port {port} of work/default/web is in use by test-listener (pid {}, in /); its checkout is unknown, because \
             its folder is in no checkout\n",
            server.id()
        );
        let ran = machine.run(&["wait", "web"]);
        assert_eq!((ran.code, &*ran.stdout), (Some(0), ""));
        assert_eq!(ran.stderr, format!("note: {unknown}"));
        assert_eq!(machine.json(&["wait", "web", "--json"])[0]["state"], "up?");
        let ran = machine.run(&["wait", "web", "--strict"]);
        assert_eq!(
            ran.complained(1),
            format!("error: {unknown}hint: without --strict, it counts as ready")
        );
    });
}

#[test]
fn server_of_this_checkout_on_a_wrong_port_is_named() {
    both_ways(|machine| {
        let port = machine.port_of("web");
        let wrong = free_block(1);
        let server = occupant_of_in(wrong, &machine.work());
        let ran = machine.run(&["wait", "web", "--timeout", "0"]);
        let expected = format!(
            "error: nothing listens on port {port} of work/default/web; test-listener (pid {}, in {}) of the same \
             checkout listens on {wrong}\n",
            server.id(),
            machine.work().display()
        );
        assert!(ran.complained(1).starts_with(&expected), "{ran:?}");
    });
}
