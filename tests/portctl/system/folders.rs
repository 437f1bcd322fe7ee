//! The folder of a process as evidence for its checkout.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use super::claims::{assert_named_by, assert_unknown};
use super::scene::{Scene, both_ways};
use test_support::helper::Helper;
use test_support::{occupant_by, program};

/// Asserts the owner of a listener, seen from a folder. It is foreign only with the name of another checkout.
#[track_caller]
fn assert_owner(scene: &Scene, folder: &Path, port: u16, owner: &str) {
    let (text, status) = scene.check_in(folder, port);
    assert_eq!(status["owner"], owner, "{}: {text}", folder.display());
    let checkout = &status["listener"]["checkout"];
    assert!(owner != "foreign" || checkout.is_string(), "{status}");
}

#[test]
fn process_in_a_repository_belongs_to_it() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let inside = scene.folder("shop/packages/web");
        for folder in [&shop, &inside] {
            let (_server, port) = scene.listen(folder, &["0"]);
            assert_owner(scene, &shop, port, "ours");
            assert_owner(scene, &inside, port, "ours");
            assert_owner(scene, &blog, port, "foreign");
            // A folder outside of git is a checkout too, once a service of it is meant.
            assert_owner(scene, &scene.work(), port, "foreign");
            assert_named_by(scene, port, "folder");
        }
    });
}

#[test]
fn worktree_inside_the_main_checkout_is_another_checkout() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let add = ["worktree", "add", "-q", ".claude/worktrees/feat"];
        scene.sandbox.git(&shop, &add);
        let feat = shop.join(".claude/worktrees/feat");
        let inside = scene.folder("shop/.claude/worktrees/feat/src");
        let (_server, port) = scene.listen(&inside, &["0"]);
        assert_owner(scene, &feat, port, "ours");
        assert_owner(scene, &shop, port, "foreign");
        let (_server, port) = scene.listen(&shop, &["0"]);
        assert_owner(scene, &feat, port, "foreign");
        assert_owner(scene, &shop, port, "ours");
    });
}

#[test]
fn folder_outside_of_git_is_a_checkout_once_it_has_allocations() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.folder(name));
        let inside = scene.folder("shop/web");
        // Before, it is one only for those who ask for it.
        for folder in [&shop, &inside] {
            let (_server, port) = scene.listen(folder, &["0"]);
            for here in [&shop, &inside, &blog] {
                let owner = if here == folder { "ours" } else { "unknown" };
                assert_owner(scene, here, port, owner);
            }
            let (text, _) = scene.check_in(&blog, port);
            assert!(text.ends_with("its folder is in no checkout"), "{text}");
        }
        assert_eq!(scene.run_in(&shop, &["get", "web"]).code, Some(0));
        for folder in [&shop, &inside] {
            let (_server, port) = scene.listen(folder, &["0"]);
            assert_owner(scene, &shop, port, "ours");
            assert_owner(scene, &blog, port, "foreign");
        }
    });
}

/// Starts a listener in `/` whose parent is in a folder. The parent leads a session, and the listener may have its own.
fn listen_below(scene: &Scene, folder: &Path, words: &str) -> (Helper, u16) {
    let listener = program("test-listener");
    let script = format!("(cd / && exec {} 0 {words}); :", listener.display());
    let mut command: Command = scene.program("setsid");
    occupant_by(command.args(["sh", "-c", &script]).current_dir(folder))
}

#[test]
fn ancestors_tell_the_checkout_within_their_session() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let (_parent, port) = listen_below(scene, &shop, "same-session");
        assert_owner(scene, &shop, port, "ours");
        assert_owner(scene, &blog, port, "foreign");
        assert_named_by(scene, port, "ancestor");
        // As below a terminal multiplexer that was started there by chance.
        let (_parent, port) = listen_below(scene, &shop, "");
        assert_owner(scene, &shop, port, "unknown");
        assert_owner(scene, &blog, port, "unknown");
    });
}

#[test]
fn removed_worktree_is_foreign_if_it_has_allocations() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        for (name, is_recorded) in [("kept", true), ("unused", false)] {
            let place = format!("trees/{name}");
            scene.sandbox.git(&shop, &["worktree", "add", "-q", &place]);
            let tree = shop.join(place);
            let src = tree.join("src");
            fs::create_dir(&src).unwrap();
            if is_recorded {
                assert_eq!(scene.run_in(&tree, &["get", "web"]).code, Some(0));
            }
            let (_server, port) = scene.listen(&src, &["0"]);
            let force = ["worktree", "remove", "--force", tree.to_str().unwrap()];
            scene.sandbox.git(&shop, &force);
            // Never that of the repository around it, whose server it is not.
            let owner = if is_recorded { "foreign" } else { "unknown" };
            assert_owner(scene, &shop, port, owner);
            let (text, status) = scene.check_in(&shop, port);
            if is_recorded {
                assert_eq!(status["listener"]["checkout"], tree.to_str().unwrap());
            } else {
                assert!(text.ends_with("its folder is unknown"), "{text}");
            }
        }
    });
}

#[test]
fn repository_in_the_home_folder_is_no_evidence() {
    both_ways(Scene::new, |scene| {
        let home = scene.sandbox.home();
        scene.sandbox.git(&home, &["init", "-q"]);
        let [a, b] = ["code/a", "code/b"].map(|name| home.join(name));
        let elsewhere = scene.repository("shop");
        for folder in [&a, &b] {
            fs::create_dir_all(folder).unwrap();
        }
        let (_server, port) = scene.listen(&a, &["0"]);
        assert_owner(scene, &a, port, "ours");
        for folder in [&b, &home, &elsewhere] {
            assert_owner(scene, folder, port, "unknown");
        }
        // Even if the home folder itself has allocations.
        assert_eq!(scene.run_in(&home, &["get", "web"]).code, Some(0));
        for folder in [&b, &home, &elsewhere] {
            assert_owner(scene, folder, port, "unknown");
        }
        assert_eq!(scene.run_in(&a, &["get", "web"]).code, Some(0));
        assert_owner(scene, &a, port, "ours");
        for folder in [&b, &home, &elsewhere] {
            assert_owner(scene, folder, port, "foreign");
        }
    });
}

#[test]
fn checkout_whose_path_is_not_utf_8_is_unknown() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let odd = scene.work().join(OsStr::from_bytes(b"odd\xff"));
        fs::create_dir(&odd).unwrap();
        scene.sandbox.git(&odd, &["init", "-q"]);
        let (_server, port) = scene.listen(&odd, &["0"]);
        // JSON would have another path for it.
        for here in [&shop, &odd] {
            let reason = "the path of its checkout is not UTF-8";
            assert_unknown(scene, here, port, reason);
        }
        // Nor is a folder outside of git compared by such a path.
        fs::remove_dir_all(odd.join(".git")).unwrap();
        for here in [&shop, &odd] {
            assert_unknown(scene, here, port, "its folder is in no checkout");
        }
    });
}

#[test]
fn link_to_a_checkout_is_the_checkout() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let link = scene.work().join("link");
        std::os::unix::fs::symlink(&shop, &link).unwrap();
        let (_server, port) = scene.listen(&shop, &["0"]);
        assert_owner(scene, &link, port, "ours");
        let mut command = scene.program(program("test-listener"));
        command.env("PORT_REGISTRY_CHECKOUT", &link);
        let (_server, port) = occupant_by(command.arg("0").current_dir("/"));
        assert_owner(scene, &shop, port, "ours");
    });
}
