//! Environment variables, and folders whose name cannot be the app.

use insta::assert_snapshot;
use test_support::Ran;

use super::fixture::Portctl;

#[test]
fn environment_variables_set_the_store_and_the_range() {
    let portctl = Portctl::new();
    let store = portctl.sandbox.path().join("elsewhere.redb");
    let ran = Ran::of(
        portctl
            .command(&["get", "web"])
            .env("PORT_REGISTRY_DB", &store),
    );
    ran.printed();
    assert!(store.exists());
    assert!(!portctl.sandbox.store().exists());
    let ran = Ran::of(portctl.command(&["list"]).env("PORT_REGISTRY_RANGE", "9-1"));
    assert_snapshot!(ran.complained(1), @"error: PORT_REGISTRY_RANGE cannot be used: a port range is two ports from 1 to 65535, the lower one first, like 3000-3999");
    let ran = Ran::of(portctl.command(&["list"]).env("HOME", "relative"));
    assert_snapshot!(ran.complained(1), @"error: HOME is not an absolute path; set it, or set PORT_REGISTRY_DB to the registry's file");
}

#[test]
fn the_root_folder_requires_an_app_name() {
    let portctl = Portctl::new();
    let ran = Ran::of(portctl.command(&["get", "web"]).current_dir("/"));
    assert_snapshot!(ran.complained(1), @"
    error: the current folder has no name for the app
    hint: pass --app NAME
    ");
    let ran = Ran::of(
        portctl
            .command(&["get", "web", "--app", "root"])
            .current_dir("/"),
    );
    ran.printed();
}

#[cfg(unix)]
#[test]
fn a_folder_with_an_invalid_name_requires_an_app_name() {
    let portctl = Portctl::new();
    let folder = portctl.sandbox.path().join("two\nlines");
    std::fs::create_dir(&folder).unwrap();
    for args in [&["get", "web"][..], &["list"], &["release"]] {
        let ran = Ran::of(portctl.command(args).current_dir(&folder));
        assert_eq!(
            ran.complained(1),
            "error: the current folder has no valid name for the app: the app name must hold no control \
             characters\nhint: pass --app NAME"
        );
    }
}
