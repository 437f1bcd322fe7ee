//! Two checkouts with the same labels.

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

#[test]
fn second_clone_of_a_branch_has_ports_of_its_own() {
    let sandbox = Sandbox::in_memory();
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

#[test]
fn second_clone_that_registers_its_ports_first_gets_the_note_too() {
    let sandbox = Sandbox::in_memory();
    let ran = ["one", "two"].map(|clone| {
        let folder = sandbox.path().join(clone);
        sandbox.git(&sandbox.path(), &["init", "-q", clone]);
        let url = "https://example.com/o/shop";
        sandbox.git(&folder, &["remote", "add", "origin", url]);
        let port = test_support::free_port();
        std::fs::write(folder.join(".env"), format!("PORT={port}\n")).unwrap();
        let scan = ["scan", "--register"];
        Ran::of(sandbox.command(PORTCTL).args(scan).current_dir(folder))
    });
    let one = sandbox.path().join("one");
    let note = format!("note: shop/main is the checkout {}, so", one.display());
    assert!(!ran[0].stderr.contains("note:"), "{ran:?}");
    assert!(ran[1].stderr.starts_with(&note), "{ran:?}");
}
