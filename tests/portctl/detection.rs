//! Which app, instance and checkout a folder is, in every layout that git has.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Asserts what a folder is detected as: app, instance and the checkout's root.
#[track_caller]
fn assert_detected(sandbox: &Sandbox, folder: &Path, app: &str, instance: &str, root: &Path) {
    assert_detected_by(&mut sandbox.command(PORTCTL), folder, app, instance, root);
}

#[track_caller]
fn assert_detected_by(
    portctl: &mut Command,
    folder: &Path,
    app: &str,
    instance: &str,
    root: &Path,
) {
    let ran = Ran::of(portctl.args(["get", "web", "--json"]).current_dir(folder));
    let printed: serde_json::Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(printed[0]["app"], app);
    assert_eq!(printed[0]["instance"], instance);
    assert_eq!(printed[0]["dir"], root.to_str().unwrap());
}

/// A sandbox with a repository `shop` on `main`, with a commit and no remote.
fn shop() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let shop = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    sandbox.git(&shop, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    (sandbox, shop)
}

#[test]
fn outside_of_git_the_folder_names_the_app() {
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
fn without_git_every_folder_is_outside_of_it() {
    let (sandbox, shop) = shop();
    let mut portctl = sandbox.command(PORTCTL);
    portctl.env("PATH", sandbox.home());
    assert_detected_by(&mut portctl, &shop, "shop", "default", &shop);
}

#[test]
fn a_repository_that_git_refuses_to_read_is_no_folder_outside_of_git() {
    let (sandbox, shop) = shop();
    std::fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let run = |words: &[&str]| Ran::of(sandbox.command(PORTCTL).args(words).current_dir(&shop));
    let ran = run(&["get", "web"]);
    let complaint = ran.complained(1);
    let expected = "cannot identify the checkout of";
    assert!(
        complaint.contains(expected) && complaint.contains("bad config line 1"),
        "{complaint}"
    );
    assert!(
        complaint.ends_with("hint: pass --app NAME and --instance NAME"),
        "{complaint}"
    );
    run(&["get", "web", "--app", "shop", "--instance", "main"]).printed();
    assert!(
        run(&["list", "--all", "--json"])
            .printed()
            .contains("\"app\":\"shop\"")
    );
}

#[test]
fn a_repository_goes_by_its_folder_and_its_branch() {
    let (sandbox, shop) = shop();
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    let below = shop.join("deep").join("below");
    std::fs::create_dir_all(&below).unwrap();
    assert_detected(&sandbox, &below, "shop", "main", &shop);
    // The git directory is no checkout of its own.
    assert_detected(&sandbox, &shop.join(".git"), "shop", "main", &shop);
    sandbox.git(&shop, &["switch", "-q", "-c", "feature/cart"]);
    assert_detected(&sandbox, &shop, "shop", "feature/cart", &shop);
}

#[test]
fn a_branch_without_a_commit_is_a_branch() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.work(), &["init", "-q", "-b", "trunk"]);
    assert_detected(&sandbox, &sandbox.work(), "work", "trunk", &sandbox.work());
}

#[test]
fn the_url_of_origin_names_the_app() {
    let (sandbox, shop) = shop();
    let url = "https://user:secret@example.com/owner/store.git";
    sandbox.git(&shop, &["remote", "add", "origin", url]);
    assert_detected(&sandbox, &shop, "store", "main", &shop);
}

#[test]
fn an_origin_that_is_a_local_path_leaves_the_name_to_the_folder() {
    let (sandbox, shop) = shop();
    let clone = sandbox.path().join("clone");
    sandbox.git(
        &sandbox.path(),
        &["clone", "-q", shop.to_str().unwrap(), "clone"],
    );
    assert_detected(&sandbox, &clone, "clone", "main", &clone);
}

#[test]
fn a_linked_worktree_goes_by_its_folder_under_the_main_ones_app() {
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
    assert_detected(&sandbox, &cart, "store", "cart", &cart);
}

#[test]
fn a_detached_head_goes_by_its_short_commit() {
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
fn a_bare_repository_inside_the_projects_folder_leaves_the_name_to_the_folder() {
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
    // Beside the worktrees and inside of the repository there is a branch, and no checkout.
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
fn a_bare_repository_named_git_names_the_app() {
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
fn a_submodule_has_its_own_name() {
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
    assert_detected(&sandbox, &submodule, "library", "main", &submodule);
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
}

#[test]
fn a_git_directory_elsewhere_makes_no_difference() {
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
fn a_hook_that_runs_elsewhere_is_not_misled_by_its_environment() {
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
fn a_folder_is_the_same_by_whichever_path_one_comes() {
    let (sandbox, shop) = shop();
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&shop, &link).unwrap();
    assert_detected(&sandbox, &link, "shop", "main", &shop);
}

#[test]
fn two_clones_on_one_branch_do_not_share_a_port_silently() {
    let sandbox = Sandbox::new();
    for clone in ["one", "two"] {
        let folder = sandbox.path().join(clone);
        sandbox.git(&sandbox.path(), &["init", "-q", clone]);
        sandbox.git(
            &folder,
            &["remote", "add", "origin", "https://example.com/o/shop"],
        );
    }
    let get = |clone: &str, words: &[&str]| {
        let folder = sandbox.path().join(clone);
        Ran::of(sandbox.command(PORTCTL).args(words).current_dir(folder))
    };
    let port = get("one", &["get", "web"]).printed().to_owned();
    assert_eq!(get("one", &["get", "web"]).printed(), port);
    let other = get("two", &["get", "web"]);
    let complaint = other.complained(1);
    for clone in ["one", "two"] {
        let path = sandbox.path().join(clone);
        assert!(complaint.contains(path.to_str().unwrap()), "{complaint}");
    }
    assert!(complaint.contains("--instance"), "{complaint}");
    // The way out that it names.
    let instance = ["get", "web", "--instance", "two"];
    assert_ne!(get("two", &instance).printed(), port);
    // Nor is what the other one has released by mistake.
    let ran = get("two", &["release"]);
    assert!(
        ran.complained(1).contains("belongs to the checkout"),
        "{ran:?}"
    );
    // A name that is typed may be asked for from anywhere.
    assert_ne!(get("one", &instance).printed(), port);
    // A clone that is gone stands in nobody's way.
    std::fs::remove_dir_all(sandbox.path().join("one")).unwrap();
    assert_eq!(get("two", &["get", "web"]).printed(), port);
}
