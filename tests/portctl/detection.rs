//! Detection of the app, instance and checkout of a folder, in each layout that git supports.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Asserts the app, the instance and the checkout that portctl detects in a folder.
#[track_caller]
fn assert_detected(sandbox: &Sandbox, folder: &Path, app: &str, instance: &str, checkout: &Path) {
    assert_detected_by(
        &mut sandbox.command(PORTCTL),
        folder,
        app,
        instance,
        checkout,
    );
}

#[track_caller]
fn assert_detected_by(
    portctl: &mut Command,
    folder: &Path,
    app: &str,
    instance: &str,
    checkout: &Path,
) {
    let ran = Ran::of(portctl.args(["get", "web", "--json"]).current_dir(folder));
    let printed: serde_json::Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(printed[0]["app"], app);
    assert_eq!(printed[0]["instance"], instance);
    assert_eq!(printed[0]["dir"], checkout.to_str().unwrap());
}

/// Releases all ports of a checkout, so that its next one has the labels that it has now.
#[track_caller]
fn release(sandbox: &Sandbox, folder: &Path) {
    let mut portctl = sandbox.command(PORTCTL);
    Ran::of(portctl.args(["release", "--yes"]).current_dir(folder)).printed();
}

/// Creates a sandbox with a repository `shop` that has one commit on `main` and no remote.
fn shop() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let shop = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    sandbox.git(&shop, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    (sandbox, shop)
}

#[test]
fn folder_outside_of_git_names_the_app() {
    let sandbox = Sandbox::new();
    assert_detected(
        &sandbox,
        &sandbox.work(),
        "work",
        "default",
        &sandbox.work(),
    );
}

#[test]
fn repository_is_a_plain_folder_if_git_is_not_installed() {
    let (sandbox, shop) = shop();
    let mut portctl = sandbox.command(PORTCTL);
    portctl.env("PATH", sandbox.home());
    assert_detected_by(&mut portctl, &shop, "shop", "default", &shop);
}

#[test]
fn repository_that_git_cannot_read_is_an_error() {
    let (sandbox, shop) = shop();
    std::fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let run = |words: &[&str]| Ran::of(sandbox.command(PORTCTL).args(words).current_dir(&shop));
    let ran = run(&["get", "web"]);
    let complaint = ran.complained(1);
    for expected in [
        "cannot identify the checkout of",
        "bad config line 1",
        "name the app and the instance instead",
    ] {
        assert!(complaint.contains(expected), "{complaint}");
    }
    run(&["get", "web", "--app", "shop", "--instance", "main"]).printed();
    assert!(
        run(&["list", "--all", "--json"])
            .printed()
            .contains("\"app\":\"shop\"")
    );
}

#[test]
fn folder_and_branch_name_the_app_and_instance_of_a_repository() {
    let (sandbox, shop) = shop();
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    let below = shop.join("deep").join("below");
    std::fs::create_dir_all(&below).unwrap();
    assert_detected(&sandbox, &below, "shop", "main", &shop);
    // The git directory belongs to the same checkout.
    assert_detected(&sandbox, &shop.join(".git"), "shop", "main", &shop);
    sandbox.git(&shop, &["switch", "-q", "-c", "feature/cart"]);
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    release(&sandbox, &shop);
    assert_detected(&sandbox, &shop, "shop", "feature/cart", &shop);
}

#[test]
fn branch_without_commits_names_the_instance() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.work(), &["init", "-q", "-b", "trunk"]);
    assert_detected(&sandbox, &sandbox.work(), "work", "trunk", &sandbox.work());
}

#[test]
fn url_of_origin_names_the_app() {
    let (sandbox, shop) = shop();
    let url = "https://user:secret@example.com/owner/store.git";
    sandbox.git(&shop, &["remote", "add", "origin", url]);
    assert_detected(&sandbox, &shop, "store", "main", &shop);
}

#[test]
fn local_path_as_origin_does_not_name_the_app() {
    let (sandbox, shop) = shop();
    let clone = sandbox.path().join("clone");
    sandbox.git(
        &sandbox.path(),
        &["clone", "-q", shop.to_str().unwrap(), "clone"],
    );
    assert_detected(&sandbox, &clone, "clone", "main", &clone);
}

#[test]
fn linked_worktree_has_the_app_of_the_main_one_and_its_own_name_as_instance() {
    let (sandbox, shop) = shop();
    let cart = sandbox.path().join("trees").join("cart");
    sandbox.git(
        &shop,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "some/branch",
            cart.to_str().unwrap(),
        ],
    );
    assert_detected(&sandbox, &cart, "shop", "cart", &cart);
    sandbox.git(
        &shop,
        &["remote", "add", "origin", "git@example.com:owner/store.git"],
    );
    assert_detected(&sandbox, &cart, "shop", "cart", &cart);
    release(&sandbox, &cart);
    assert_detected(&sandbox, &cart, "store", "cart", &cart);
}

#[test]
fn detached_head_names_the_instance_after_its_short_commit() {
    let (sandbox, shop) = shop();
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    let commit = Ran::of(
        sandbox
            .command("git")
            .args(["rev-parse", "--short", "HEAD"])
            .current_dir(&shop),
    );
    let instance = format!("detached-{}", commit.printed());
    assert_detected(&sandbox, &shop, "shop", &instance, &shop);
}

#[test]
fn hidden_bare_repository_inside_a_project_does_not_name_the_app() {
    let (sandbox, shop) = shop();
    let project = sandbox.path().join("project");
    std::fs::create_dir(&project).unwrap();
    sandbox.git(
        &project,
        &["clone", "-q", "--bare", shop.to_str().unwrap(), ".bare"],
    );
    std::fs::write(project.join(".git"), "gitdir: ./.bare\n").unwrap();
    sandbox.git(&project, &["worktree", "add", "-q", "cart"]);
    assert_detected(
        &sandbox,
        &project.join("cart"),
        "project",
        "cart",
        &project.join("cart"),
    );
    // The project's folder and the bare repository have a branch but no worktree.
    assert_detected(&sandbox, &project, "project", "main", &project);
    assert_detected(
        &sandbox,
        &project.join(".bare"),
        "project",
        "main",
        &project,
    );
}

#[test]
fn bare_repository_whose_name_ends_in_git_names_the_app() {
    let (sandbox, shop) = shop();
    let bare = sandbox.path().join("store.git");
    sandbox.git(
        &sandbox.path(),
        &["clone", "-q", "--bare", shop.to_str().unwrap(), "store.git"],
    );
    sandbox.git(&bare, &["worktree", "add", "-q", "../cart"]);
    let cart = sandbox.path().join("cart");
    assert_detected(&sandbox, &cart, "store", "cart", &cart);
}

#[test]
fn submodule_has_an_app_of_its_own() {
    let (sandbox, shop) = shop();
    let library = sandbox.path().join("library");
    sandbox.git(&sandbox.path(), &["init", "-q", "library"]);
    sandbox.git(&library, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    let path = library.to_str().unwrap();
    sandbox.git(&shop, &["submodule", "--quiet", "add", path, "vendor/lib"]);
    let submodule = shop.join("vendor").join("lib");
    assert_detected(&sandbox, &submodule, "lib", "main", &submodule);
    sandbox.git(
        &submodule,
        &[
            "remote",
            "set-url",
            "origin",
            "https://example.com/o/library",
        ],
    );
    assert_detected(&sandbox, &submodule, "lib", "main", &submodule);
    release(&sandbox, &submodule);
    assert_detected(&sandbox, &submodule, "library", "main", &submodule);
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
}

#[test]
fn separate_git_directory_does_not_change_the_names() {
    let sandbox = Sandbox::new();
    let git_dir = sandbox.path().join("elsewhere");
    let git_dir = git_dir.to_str().unwrap();
    sandbox.git(
        &sandbox.path(),
        &["init", "-q", "--separate-git-dir", git_dir, "shop"],
    );
    let shop = sandbox.path().join("shop");
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
}

#[test]
fn variables_of_a_git_hook_do_not_affect_detection() {
    let (sandbox, shop) = shop();
    let mut portctl = sandbox.command(PORTCTL);
    portctl
        .env(
            "GIT_CONFIG_PARAMETERS",
            "'remote.origin.url'='https://h/o/other'",
        )
        .env("GIT_DIR", shop.join(".git"))
        .env("GIT_WORK_TREE", &shop);
    assert_detected_by(
        &mut portctl,
        &sandbox.work(),
        "work",
        "default",
        &sandbox.work(),
    );
}

#[cfg(unix)]
#[test]
fn checkout_reached_by_a_symbolic_link_has_its_real_path() {
    let (sandbox, shop) = shop();
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&shop, &link).unwrap();
    assert_detected(&sandbox, &link, "shop", "main", &shop);
}

#[test]
fn second_clone_of_a_branch_has_ports_of_its_own() {
    let sandbox = Sandbox::new();
    for clone in ["one", "two"] {
        let folder = sandbox.path().join(clone);
        sandbox.git(&sandbox.path(), &["init", "-q", clone]);
        sandbox.git(
            &folder,
            &["remote", "add", "origin", "https://example.com/o/shop"],
        );
    }
    let run = |clone: &str, words: &[&str]| {
        let folder = sandbox.path().join(clone);
        Ran::of(sandbox.command(PORTCTL).args(words).current_dir(folder))
    };
    let port = run("one", &["get", "web"]).printed().to_owned();
    let first = run("two", &["get", "web"]);
    let own = first.stdout.clone();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_ne!(own.trim(), port);
    let one = sandbox.path().join("one");
    let note = format!("note: shop/main is the checkout {}, so", one.display());
    assert!(first.stderr.starts_with(&note), "{first:?}");
    // One note is enough.
    let again = run("two", &["get", "web"]);
    assert_eq!((&*again.stdout, &*again.stderr), (&*own, ""));
    assert_eq!(run("two", &["get", "api"]).stderr, "");
    assert_eq!(run("one", &["get", "web"]).printed(), port);
    assert_eq!(run("one", &["env"]).printed(), format!("WEB_PORT={port}"));
    // Never release the other clone's ports.
    assert!(!run("two", &["release"]).printed().contains(&port));
    assert_eq!(run("one", &["get", "web"]).printed(), port);
    // A deleted clone leaves its ports to the next one.
    std::fs::remove_dir_all(one).unwrap();
    assert_eq!(run("two", &["get", "web"]).printed(), port);
}
