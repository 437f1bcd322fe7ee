//! Two checkouts with the same labels.

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

#[test]
fn second_clone_of_a_branch_is_refused_the_ports_of_the_first() {
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
    // The fix that the hint proposes.
    let instance = ["get", "web", "--instance", "two"];
    assert_ne!(get("two", &instance).printed(), port);
    // Never release the other clone's ports.
    let ran = get("two", &["release"]);
    assert!(
        ran.complained(1).contains("belongs to the checkout"),
        "{ran:?}"
    );
    // A name given explicitly is valid in any checkout.
    assert_ne!(get("one", &instance).printed(), port);
    // A deleted clone no longer blocks its ports.
    std::fs::remove_dir_all(sandbox.path().join("one")).unwrap();
    assert_eq!(get("two", &["get", "web"]).printed(), port);
}
