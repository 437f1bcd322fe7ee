//! Each layout of repositories and worktrees that git supports.

use std::path::Path;

use super::fixture::{assert_detected, assert_detected_by, git_prints, shop};
use crate::PORTCTL;
use test_support::{Ran, Sandbox};

#[test]
fn folder_outside_of_git_names_the_app() {
    let sandbox = Sandbox::in_memory();
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
    assert_detected_by(&sandbox, &mut portctl, &shop, "shop", "default", &shop);
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
    assert_detected(&sandbox, &shop, "shop", "feature/cart", &shop);
}

#[test]
fn linked_worktree_has_the_app_of_the_main_one_and_its_folder_as_instance() {
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
    assert_detected(&sandbox, &submodule, "library", "main", &submodule);
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
}

#[test]
fn separate_git_directory_does_not_change_the_names() {
    let sandbox = Sandbox::in_memory();
    let git_dir = sandbox.path().join("elsewhere");
    let git_dir = git_dir.to_str().unwrap();
    sandbox.git(
        &sandbox.path(),
        &["init", "-q", "--separate-git-dir", git_dir, "shop"],
    );
    let shop = sandbox.path().join("shop");
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
}

#[cfg(unix)]
#[test]
fn checkout_reached_by_a_symbolic_link_has_its_real_path() {
    let (sandbox, shop) = shop();
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&shop, &link).unwrap();
    assert_detected(&sandbox, &link, "shop", "main", &shop);
}

#[cfg(unix)]
#[test]
fn checkout_that_moved_behind_a_link_gets_further_ports_there() {
    let (sandbox, shop) = shop();
    let get = |folder: &Path, service| {
        let mut portctl = sandbox.command(PORTCTL);
        portctl.current_dir(folder).args(["get", service]);
        Ran::of(&mut portctl).printed().to_owned()
    };
    let web = get(&shop, "web");
    let moved = sandbox.path().join("moved");
    std::fs::rename(&shop, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &shop).unwrap();
    assert_eq!(get(&moved, "web"), web);
    assert_ne!(get(&shop, "api"), web);
}

#[test]
fn worktrees_with_equal_folder_names_have_the_names_that_git_gives_them() {
    let (sandbox, shop) = shop();
    for (folder, instance) in [("a1b2", "shop"), ("c3d4", "shop1")] {
        let tree = sandbox.path().join(folder).join("shop");
        let path = tree.to_str().unwrap();
        sandbox.git(&shop, &["worktree", "add", "-q", "-b", folder, path]);
        assert_detected(&sandbox, &tree, "shop", instance, &tree);
    }
}

#[test]
fn worktree_and_repository_inside_a_checkout_are_their_own() {
    let (sandbox, shop) = shop();
    let feature = shop.join(".claude/worktrees/feat");
    let path = feature.to_str().unwrap();
    sandbox.git(&shop, &["worktree", "add", "-q", path]);
    sandbox.git(&shop, &["init", "-q", "vendor/other"]);
    let below = feature.join("below");
    std::fs::create_dir(&below).unwrap();
    assert_detected(&sandbox, &below, "shop", "feat", &feature);
    let other = shop.join("vendor/other");
    assert_detected(&sandbox, &other, "other", "main", &other);
}

#[test]
fn git_directory_that_is_bare_names_the_app_by_its_folder() {
    let (sandbox, shop) = shop();
    let project = sandbox.path().join("project");
    let words = [
        "clone",
        "-q",
        "--bare",
        shop.to_str().unwrap(),
        "project/.git",
    ];
    sandbox.git(&sandbox.path(), &words);
    sandbox.git(&project, &["worktree", "add", "-q", "cart"]);
    let cart = project.join("cart");
    assert_detected(&sandbox, &project, "project", "main", &project);
    assert_detected(&sandbox, &cart, "project", "cart", &cart);
}

#[test]
fn submodule_keeps_its_own_name_at_another_path_and_in_a_worktree() {
    let (sandbox, shop) = shop();
    let library = sandbox.path().join("library");
    sandbox.git(&sandbox.path(), &["init", "-q", "library"]);
    sandbox.git(&library, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    let path = library.to_str().unwrap();
    let words = [
        "submodule",
        "--quiet",
        "add",
        "--name",
        "engine",
        path,
        "vendor/lib",
    ];
    sandbox.git(&shop, &words);
    sandbox.git(&shop, &["commit", "-q", "-m", "Add a submodule"]);
    let submodule = shop.join("vendor/lib");
    assert_detected(&sandbox, &submodule, "engine", "main", &submodule);

    let tree = sandbox.path().join("tree");
    sandbox.git(&shop, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    sandbox.git(&tree, &["submodule", "--quiet", "update", "--init"]);
    let submodule = tree.join("vendor/lib");
    let commit = git_prints(&sandbox, &submodule, &["rev-parse", "HEAD"]);
    let instance = format!("detached-{}", &commit[..7]);
    assert_detected(&sandbox, &submodule, "engine", &instance, &submodule);
}
