//! The process on a port: its name, and that of a process that may not be inspected.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::scene::{Scene, both_ways};
use test_support::{NOBODY, install, occupant_by, program};

#[test]
fn process_has_the_name_of_its_executable() {
    both_ways(Scene::new, |scene| {
        // As Node 24 does.
        let (server, port) = scene.listen(Path::new("/"), &["0", "named=MainThread"]);
        let name = fs::read_to_string(format!("/proc/{}/comm", server.id())).unwrap();
        assert_eq!(name, "MainThread\n");
        let (text, status) = scene.check(port);
        let by = format!("in use by test-listener (pid {}, in /)", server.id());
        assert!(text.contains(&by), "{text}");
        assert_eq!(status["listener"]["process"], "test-listener");
    });
}

#[test]
fn process_whose_executable_was_replaced_keeps_its_name() {
    both_ways(Scene::new, |scene| {
        let copy = scene.work().join("server");
        install(program("test-listener"), &copy);
        let (server, port) = occupant_by(scene.program(&copy).arg("0").current_dir("/"));
        fs::remove_file(copy).unwrap();
        let (text, _) = scene.check(port);
        let by = format!("in use by server (pid {}, in /)", server.id());
        assert!(text.contains(&by), "{text}");
    });
}

#[test]
fn own_process_that_may_not_be_inspected_is_said_to_be_ones_own() {
    both_ways(Scene::of_user, |scene| {
        let mut command = scene.command("test-listener");
        let (_server, port) = occupant_by(command.args(["0", "undumpable"]).current_dir("/"));
        let (text, status) = scene.check(port);
        assert_eq!(
            text,
            format!(
                "port {port} is in use by a process of yours, and not allocated; its checkout is unknown, because it may \
                 not be inspected"
            )
        );
        let listener = &status["listener"];
        assert!(listener["uid"].is_u64(), "{status}");
        assert!(listener.get("pid").is_none(), "{status}");
        let refused = scene.run(&["allocate", "web", "--port", &port.to_string()]);
        let error = refused.complained(1);
        assert!(error.contains("in use by a process of yours"), "{error}");
        assert!(error.contains("--adopt"), "{error}");
    });
}

#[test]
fn process_of_another_user_has_the_number_of_the_user() {
    both_ways(Scene::of_user, |scene| {
        if fs::metadata(scene.sandbox.path()).unwrap().uid() != 0 {
            // Only root has processes of several users.
            return;
        }
        let other = (NOBODY - 1).to_string();
        let mut command = scene.program("setpriv");
        command.args(["--reuid", &other, "--regid", &other, "--clear-groups", "--"]);
        command.arg(scene.sandbox.path().join("test-listener"));
        let (server, port) = occupant_by(command.arg("0").current_dir("/"));
        let (text, status) = scene.check(port);
        assert_eq!(
            text,
            format!(
                "port {port} is in use by another user's process (uid {other}), and not allocated; its checkout is unknown, \
                 because it belongs to another user"
            )
        );
        assert_eq!(status["listener"]["uid"], NOBODY - 1);
        // Root sees all.
        let shown = scene
            .sandbox
            .run(crate::PORTCTL, &["check", &port.to_string()]);
        let by = format!("in use by test-listener (pid {}, in /)", server.id());
        assert!(shown.stdout.contains(&by), "{shown:?}");
    });
}
