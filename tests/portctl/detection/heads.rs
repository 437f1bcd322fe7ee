//! The states of HEAD that name the instance.

use std::fs;
use std::path::Path;

use super::fixture::{assert_detected, git_prints, shop};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, is_available};

/// Asserts that a repository on a detached HEAD has seven digits of the commit as its instance.
#[track_caller]
fn assert_detached(sandbox: &Sandbox, folder: &Path) {
    let commit = git_prints(sandbox, folder, &["rev-parse", "HEAD"]);
    let instance = format!("detached-{}", &commit[..7]);
    assert_detected(sandbox, folder, "shop", &instance, folder);
}

/// Creates a repository `shop` with an option of `git init`. Returns `None` if git lacks the option.
fn shop_with(option: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::in_memory();
    let mut init = sandbox.command("git");
    init.args(["init", "-q", "-b", "main", option, "shop"]);
    let is_available = is_available(option, init.current_dir(sandbox.path()));
    is_available.then_some(sandbox)
}

/// Adds commits on `main` and on `topic` that conflict, and switches to `topic`.
fn diverge(sandbox: &Sandbox, shop: &Path) {
    let commit = |content: &str| {
        fs::write(shop.join("file"), content).unwrap();
        sandbox.git(shop, &["add", "file"]);
        sandbox.git(shop, &["commit", "-q", "-m", content]);
    };
    commit("base");
    sandbox.git(shop, &["branch", "topic"]);
    commit("main");
    sandbox.git(shop, &["switch", "-q", "topic"]);
    commit("topic");
}

/// Starts a rebase that stops at a conflict.
fn stop_rebase(sandbox: &Sandbox, shop: &Path, backend: &str) {
    let mut rebase = sandbox.command("git");
    rebase.args([
        "-c",
        "user.name=Tester",
        "-c",
        "user.email=tester@example.com",
    ]);
    let ran = Ran::of(rebase.args(["rebase", backend, "main"]).current_dir(shop));
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

#[test]
fn branch_without_commits_names_the_instance() {
    let sandbox = Sandbox::in_memory();
    sandbox.git(&sandbox.work(), &["init", "-q", "-b", "trunk"]);
    assert_detected(&sandbox, &sandbox.work(), "work", "trunk", &sandbox.work());
}

#[test]
fn detached_head_names_the_instance_by_seven_digits() {
    let (sandbox, shop) = shop();
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    assert_detached(&sandbox, &shop);
    sandbox.git(&shop, &["config", "core.abbrev", "12"]);
    assert_detached(&sandbox, &shop);
    // Neither does a branch of that name.
    sandbox.git(&shop, &["update-ref", "refs/heads/HEAD", "HEAD"]);
    let commit = git_prints(&sandbox, &shop, &["rev-parse", "refs/heads/HEAD"]);
    let instance = format!("detached-{}", &commit[..7]);
    assert_detected(&sandbox, &shop, "shop", &instance, &shop);
}

#[test]
fn repository_with_long_ids_has_instances_as_others() {
    let Some(sandbox) = shop_with("--object-format=sha256") else {
        return;
    };
    let shop = sandbox.path().join("shop");
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    sandbox.git(&shop, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    assert_detached(&sandbox, &shop);
}

#[test]
fn repository_with_a_table_of_references_has_instances_as_others() {
    let Some(sandbox) = shop_with("--ref-format=reftable") else {
        return;
    };
    let shop = sandbox.path().join("shop");
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    sandbox.git(&shop, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    assert_detached(&sandbox, &shop);
}

#[test]
fn rebase_that_stopped_keeps_the_branch_it_began_on() {
    for backend in ["--merge", "--apply"] {
        let (sandbox, shop) = shop();
        diverge(&sandbox, &shop);
        stop_rebase(&sandbox, &shop, backend);
        assert_detected(&sandbox, &shop, "shop", "topic", &shop);
    }
}

#[test]
fn rebase_that_began_on_a_detached_head_has_its_commit() {
    let (sandbox, shop) = shop();
    diverge(&sandbox, &shop);
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    stop_rebase(&sandbox, &shop, "--merge");
    assert_detached(&sandbox, &shop);
}

#[test]
fn command_of_a_rebase_runs_on_the_branch_it_began_on() {
    let (sandbox, shop) = shop();
    diverge(&sandbox, &shop);
    let printed = sandbox.path().join("printed");
    let command = format!("'{PORTCTL}' get web --json > '{}'", printed.display());
    sandbox.git(
        &shop,
        &[
            "rebase",
            "-q",
            "--force-rebase",
            "--exec",
            &command,
            "HEAD~1",
        ],
    );
    let printed = fs::read_to_string(printed).unwrap();
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed[0]["instance"], "topic");
}

#[test]
fn bisection_keeps_the_branch_it_began_on() {
    let (sandbox, shop) = shop();
    diverge(&sandbox, &shop);
    sandbox.git(&shop, &["bisect", "start", "HEAD", "HEAD~2"]);
    assert_detected(&sandbox, &shop, "shop", "topic", &shop);
    sandbox.git(&shop, &["bisect", "reset"]);
    sandbox.git(&shop, &["switch", "-q", "--detach"]);
    sandbox.git(&shop, &["bisect", "start", "HEAD", "HEAD~2"]);
    assert_detached(&sandbox, &shop);
}
