//! The process on a port and its folder, as `portctl check` shows them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{namespace, occupant_by, occupant_in, occupant_of_in, program};

use super::machine::{Machine, both_ways};

/// Checks a port that is not available.
fn check(machine: &Machine, port: u16) -> (String, Value) {
    let port = port.to_string();
    let text = machine.run(&["check", &port]);
    let json = machine.run(&["check", &port, "--json"]);
    assert_eq!((text.code, json.code), (Some(1), Some(1)), "{text:?}");
    let status: Value = serde_json::from_str(json.stdout.trim_end()).unwrap();
    (text.stdout, status["listener"].clone())
}

fn folder(machine: &Machine, name: impl AsRef<Path>) -> PathBuf {
    let folder = machine.work().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

#[test]
fn check_names_the_folders_of_the_holder_and_of_the_listener() {
    both_ways(|machine| {
        let [shop, blog] = ["shop", "blog"].map(|name| folder(machine, name));
        let (occupant, port) = occupant_in(&blog);
        let (text, listener) = check(machine, port);
        let by = format!("(pid {}, in {})", occupant.id(), blog.display());
        let end = format!("{by}, and not allocated; its checkout is unknown");
        assert!(text.contains(&end), "{text}");
        assert_eq!(listener["dir"], blog.to_str().unwrap());

        let port_text = port.to_string();
        let adopt = [
            "allocate",
            "--service",
            "web",
            "--port",
            &port_text,
            "--adopt",
        ];
        machine.run_in(&shop, &adopt).printed();
        let (text, _) = check(machine, port);
        let holder = format!(
            "allocated to shop/default/web (id 1, of {})",
            shop.display()
        );
        assert!(text.contains(&holder), "{text}");
        assert!(text.contains(&by), "{text}");
    });
}

#[test]
fn folder_of_a_listener_is_left_out_once_it_is_removed() {
    both_ways(|machine| {
        let gone = folder(machine, "gone");
        let (occupant, port) = occupant_in(&gone);
        fs::remove_dir(&gone).unwrap();
        let (text, listener) = check(machine, port);
        let by = format!("(pid {}), and not allocated;", occupant.id());
        assert!(text.contains(&by), "{text}");
        assert!(listener.get("dir").is_none(), "{listener}");
    });
}

#[test]
fn folder_of_a_listener_in_a_container_is_left_out() {
    both_ways(|machine| {
        let Some(mut command) = namespace::command(&machine.sandbox, "--mount", "true") else {
            return;
        };
        let (_occupant, port) = occupant_by(command.arg(program("test-listener")).arg("0"));
        let (_, listener) = check(machine, port);
        assert_eq!(listener["process"], "test-listener");
        assert!(listener.get("dir").is_none(), "{listener}");
    });
}

#[test]
fn folder_of_a_listener_is_shown_whatever_its_name() {
    both_ways(|machine| {
        let odd = folder(machine, "web\u{202e}\u{1b}[31m");
        let (_occupant, port) = occupant_in(&odd);
        let (text, listener) = check(machine, port);
        assert!(text.contains(r"/web\u{202e}\u{1b}[31m), and"), "{text}");
        assert_eq!(listener["dir"], odd.to_str().unwrap());

        let bytes = folder(machine, OsStr::from_bytes(b"caf\xe9"));
        let (_occupant, port) = occupant_in(&bytes);
        let (text, listener) = check(machine, port);
        assert!(text.contains("/caf\u{fffd}), and"), "{text}");
        assert_eq!(listener["dir"], bytes.to_string_lossy().as_ref());
    });
}

#[test]
fn process_on_a_wrong_port_is_noted_with_a_few_of_the_services() {
    both_ways(|machine| {
        let ports = machine.run(&["get", "a", "b", "c", "d", "e"]);
        let ports: Vec<&str> = ports.printed().lines().collect();
        let (_stray, port) = occupant_in(&machine.work());
        let ran = machine.run(&["list"]);
        let end = format!(
            " listens on {port}; a's port is {}, b's port is {}, c's port is {}, and 2 more\n",
            ports[0], ports[1], ports[2]
        );
        assert!(ran.code == Some(0) && ran.stderr.ends_with(&end), "{ran:?}");
    });
}

#[test]
fn server_of_a_moved_service_is_to_be_restarted_on_the_new_port() {
    both_ways(|machine| {
        for (service, folder, step) in [
            (
                "web",
                machine.work(),
                "restart it, so that it listens on port",
            ),
            (
                "api",
                PathBuf::from("/"),
                "if it is the service, restart it on port",
            ),
        ] {
            let port = machine.port_of(service);
            let server = occupant_of_in(port, &folder);
            let ran = machine.run(&["move", service]);
            let new = ran.stdout.trim_end().rsplit(' ').next().unwrap();
            let note = format!(
                "note: port {port} is still in use by test-listener (pid {}, in {}); {step} {new}\n",
                server.id(),
                folder.display()
            );
            assert_eq!((ran.code, &*ran.stderr), (Some(0), &*note));
        }
    });
}
