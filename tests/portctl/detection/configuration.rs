//! The origin of a repository, and configuration that must not change a name.

use std::fs;

use super::fixture::{assert_detected, assert_detected_by, shop};
use crate::PORTCTL;

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
        &sandbox,
        &mut portctl,
        &sandbox.work(),
        "work",
        "default",
        &sandbox.work(),
    );
}

#[test]
fn variables_that_configure_git_do_not_affect_detection() {
    let (sandbox, shop) = shop();
    let other = sandbox.path().join("other.config");
    fs::write(&other, "[remote \"origin\"]\nurl = https://h/o/other\n").unwrap();
    let mut portctl = sandbox.command(PORTCTL);
    portctl
        .env("GIT_CONFIG", &other)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "remote.origin.url")
        .env("GIT_CONFIG_VALUE_0", "https://h/o/other")
        .env("GIT_NAMESPACE", "other")
        .env("GIT_COMMON_DIR", sandbox.home());
    assert_detected_by(&sandbox, &mut portctl, &shop, "shop", "main", &shop);
}

#[test]
fn only_the_repository_names_its_origin() {
    let (sandbox, shop) = shop();
    let global = sandbox.home().join("global.config");
    let portctl = || {
        let mut portctl = sandbox.command(PORTCTL);
        portctl.env("GIT_CONFIG_GLOBAL", &global);
        portctl
    };
    fs::write(&global, "[remote \"origin\"]\nurl = https://h/o/other\n").unwrap();
    assert_detected_by(&sandbox, &mut portctl(), &shop, "shop", "main", &shop);

    let url = "https://example.com/o/store";
    sandbox.git(&shop, &["remote", "add", "origin", url]);
    let instead = "[url \"https://h/o/other\"]\ninsteadOf = https://example.com/o/store\n";
    fs::write(&global, instead).unwrap();
    assert_detected_by(&sandbox, &mut portctl(), &shop, "store", "main", &shop);
}

#[test]
fn included_configuration_of_the_repository_names_the_origin() {
    let (sandbox, shop) = shop();
    let included = shop.join(".git/included");
    fs::write(&included, "[remote \"origin\"]\nurl = https://h/o/store\n").unwrap();
    sandbox.git(&shop, &["config", "include.path", "included"]);
    assert_detected(&sandbox, &shop, "store", "main", &shop);
}

#[test]
fn first_of_several_urls_names_the_app() {
    let (sandbox, shop) = shop();
    let add = |url| sandbox.git(&shop, &["config", "--add", "remote.origin.url", url]);
    add("https://example.com/o/store");
    add("https://example.com/o/mirror");
    sandbox.git(
        &shop,
        &[
            "remote",
            "set-url",
            "--push",
            "origin",
            "https://example.com/o/pushed",
        ],
    );
    assert_detected(&sandbox, &shop, "store", "main", &shop);
}
