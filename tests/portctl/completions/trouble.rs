//! Completing never fails, and never changes anything.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use test_support::store_files::{copy_store, journal_of};
use test_support::{Ran, free_port};

use super::fixture::{Desk, OWN, claim};
use crate::PORTCTL;

fn desk() -> Desk {
    let (app, instance) = OWN;
    Desk::with(&[(app, instance, "web")])
}

/// Returns all files under a folder with their contents.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(contents(&path));
            found.push((name, Vec::new()));
        } else {
            found.push((name, fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn missing_registry_is_not_created() {
    let desk = Desk::with(&[]);
    assert!(desk.offered(&["get", "w"]).is_empty());
    assert!(desk.offered(&["list", "--app", ""]).is_empty());
    assert_eq!(contents(&desk.sandbox.home()), []);
    assert_eq!(contents(&desk.sandbox.work()), []);
}

#[test]
fn store_that_a_killed_writer_left_is_read_and_not_repaired() {
    let desk = desk();
    let registry = desk.sandbox.registry();
    registry.allocate(claim(OWN, "db", 4100)).unwrap();
    let copy = desk.path("copy.redb");
    copy_store(&desk.sandbox.store(), &copy);
    // The writer was killed while it appended a record.
    let mut journal = fs::read(journal_of(&copy)).unwrap();
    let end = journal.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    journal[end.next_multiple_of(8)..][..40].fill(0x68);
    fs::write(journal_of(&copy), journal).unwrap();
    let before = contents(&desk.sandbox.path());
    let mut command = desk.command(PORTCTL);
    command
        .env("PORT_REGISTRY_DB", &copy)
        .args(["__complete", "fish", "get", ""]);
    let offered = Ran::of(&mut command).printed().to_owned();
    assert!(offered.starts_with("words 0\ndb\t"), "{offered}");
    assert_eq!(contents(&desk.sandbox.path()), before);
}

#[test]
fn unusable_settings_registries_and_folders_offer_nothing() {
    let desk = desk();
    let damaged = desk.path("damaged.redb");
    fs::write(&damaged, "not a registry").unwrap();
    let dead = format!("127.0.0.1:{}", free_port());
    // It accepts connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_address = silent.local_addr().unwrap().to_string();
    for (variable, value) in [
        ("PORT_REGISTRY_DB", damaged.to_str().unwrap()),
        ("PORT_REGISTRY_DB", "/dev/null/ports.redb"),
        ("PORT_REGISTRY_ADDR", &dead),
        ("PORT_REGISTRY_ADDR", &silent_address),
        ("PORT_REGISTRY_ADDR", "no address"),
        ("PORT_REGISTRY_RANGE", "no range"),
        ("HOME", "/dev/null"),
    ] {
        let mut command = desk.command(PORTCTL);
        command
            .env(variable, value)
            .args(["__complete", "fish", "get", "w"]);
        let ran = Ran::of(&mut command);
        assert!(
            ["", "words 0"].contains(&ran.printed()),
            "{variable}={value}: {ran:?}"
        );
        // Other completions do not need the registry.
        let mut command = desk.command(PORTCTL);
        command
            .env(variable, value)
            .args(["__complete", "fish", "env", "--format", ""]);
        assert!(
            Ran::of(&mut command).printed().contains("dotenv"),
            "{variable}"
        );
    }
}

#[test]
fn folder_that_is_gone_leaves_the_services_of_typed_names() {
    let desk = desk();
    let gone = desk.path("gone");
    fs::create_dir(&gone).unwrap();
    let ask = |words: &str| {
        let script = format!(
            "cd '{0}' && rmdir '{0}' && exec portctl __complete fish {words}",
            gone.display()
        );
        let ran = Ran::of(desk.command("sh").args(["-c", &script]));
        fs::create_dir(&gone).unwrap();
        ran.printed().to_owned()
    };
    assert_eq!(ask("get w"), "words 0");
    assert_eq!(ask("get --app work w"), "words 0\nweb\tport 4001");
}

#[test]
fn other_checkout_with_the_same_names_has_other_services() {
    let desk = desk();
    let other = desk.path("elsewhere").join("work");
    fs::create_dir_all(&other).unwrap();
    let foreign = claim(OWN, "foreign", 4100).with_dir(&other).unwrap();
    desk.sandbox.registry().allocate(foreign).unwrap();
    assert_eq!(desk.offered(&["env", ""]), ["web"]);
}
