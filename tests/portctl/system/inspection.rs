//! The process on a port: its name, and that of a process that may not be inspected.

use std::fs::{self};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::claims::{assert_foreign, assert_unknown};
use super::scene::{Scene, both_ways};
use test_support::helper::Helper;
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

/// Makes a scene whose programs run as root, with a copy of `test-listener` that other users may run.
fn scene_of_root() -> Option<Scene> {
    let scene = Scene::new();
    if !scene.sandbox.admits_nobody() {
        return None;
    }
    let copy = scene.sandbox.path().join("test-listener");
    install(program("test-listener"), &copy);
    Some(scene)
}

/// Starts a server of another user, in a folder, with the variable that names a checkout.
fn listen_as_nobody(scene: &Scene, folder: &Path, named: &str) -> (Helper, u16) {
    let mut command = scene.sandbox.as_nobody();
    command.arg(scene.sandbox.path().join("test-listener"));
    command.env("PORT_REGISTRY_CHECKOUT", named);
    occupant_by(command.arg("0").current_dir(folder))
}

#[test]
fn process_of_another_user_belongs_to_no_checkout_of_this_user() {
    both_ways(scene_of_root, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let plain = scene.folder("plain");
        for (folder, named) in [
            (Path::new("/"), shop.to_str().unwrap()),
            (&shop, ""),
            (&plain, ""),
        ] {
            let (_server, port) = listen_as_nobody(scene, folder, named);
            for here in [&shop, &blog, &plain] {
                assert_unknown(scene, here, port, "it belongs to another user");
            }
        }
    });
}

#[test]
fn process_of_another_user_may_belong_to_a_checkout_of_that_user() {
    both_ways(scene_of_root, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        fs::write(scene.folder("theirs").join("portctl.toml"), "").unwrap();
        let theirs = scene.folder("theirs");
        chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
        for (folder, named) in [
            (Path::new("/"), theirs.to_str().unwrap()),
            (&theirs, ""),
            (&theirs, shop.to_str().unwrap()),
        ] {
            let (_server, port) = listen_as_nobody(scene, folder, named);
            assert_eq!(scene.owner(&theirs, port), "ours");
            assert_foreign(scene, &blog, port, &theirs);
        }
    });
    // As root by sudo, of the user that the process belongs to.
    let of_sudo = || Some(scene_of_root()?.with("SUDO_UID", NOBODY.to_string()));
    both_ways(of_sudo, |scene| {
        let shop = scene.repository("shop");
        let (_server, port) = listen_as_nobody(scene, &shop, "");
        assert_eq!(scene.owner(&shop, port), "ours");
    });
}

#[test]
fn process_that_has_changed_its_user_belongs_to_the_checkout_of_its_ancestor() {
    both_ways(scene_of_root, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        for (session, is_ours) in [("same-session", true), ("", false)] {
            let listener = scene.sandbox.path().join("test-listener");
            let mut user = scene.sandbox.as_nobody();
            user.arg(listener).args(["0", session]);
            // The shell stays root's, and in the checkout.
            let mut command = scene.sandbox.command("setsid");
            command.args(["sh", "-c", "(cd / && exec \"$0\" \"$@\"); exit"]);
            command.arg(user.get_program()).args(user.get_args());
            let (_server, port) = occupant_by(command.current_dir(&shop));
            if is_ours {
                assert_eq!(scene.owner(&shop, port), "ours");
                assert_foreign(scene, &blog, port, &shop);
            } else {
                assert_unknown(scene, &shop, port, "it belongs to another user");
            }
        }
    });
}
