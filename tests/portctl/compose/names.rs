//! Compose projects of checkouts that are gone.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use test_support::Ran;

use super::records::{folder, record};
use crate::working_day::machine::{Machine, both_ways};

/// Makes a checkout with a recorded Compose project and its override.
fn checkout(machine: &Machine, name: &str, project: &str) -> PathBuf {
    let root = machine.work().join(name);
    fs::create_dir_all(&root).unwrap();
    let file = record(&machine.sandbox, &root, project);
    fs::write(file, "services: {}\n").unwrap();
    root
}

fn notes(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stderr.lines().collect()
}

#[test]
fn prune_prints_the_commands_that_remove_containers_of_checkouts_that_are_gone() {
    both_ways(|machine| {
        let gone = checkout(machine, "cart", "shop-cart");
        let kept = checkout(machine, "tax", "shop-tax");
        machine.run_in(&kept, &["get", "web"]).printed();
        machine.run_in(&gone, &["get", "web"]).printed();
        assert_eq!(notes(&machine.run(&["prune"])).len(), 1);
        fs::remove_dir(&gone).unwrap();
        let down = format!(
            "note: `docker compose -p shop-cart down` removes the containers of {}, which is gone",
            gone.display()
        );
        let shown = machine.run(&["prune"]);
        let releases = "note: `portctl prune --yes` releases it";
        assert_eq!(notes(&shown), [releases, &*down]);

        // No allocation is left.
        machine.run(&["release", "--app", "cart"]).printed();
        let shown = machine.run(&["prune"]);
        let forgets =
            "note: `portctl prune --yes` forgets the Compose projects of checkouts that are gone";
        assert_eq!(notes(&shown), ["nothing to release", &*down, forgets]);
        assert_eq!(shown.stdout, "");
        let json = machine.run(&["prune", "--json"]);
        assert_eq!(json.stdout.trim(), "[]");
        let note: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
        let expected = json!({
            "note": down.strip_prefix("note: "),
            "project": "shop-cart",
            "command": "docker compose -p shop-cart down",
        });
        assert_eq!(note, expected);

        let files = || fs::read_dir(folder(&machine.sandbox)).unwrap().count();
        assert_eq!(files(), 4);
        let pruned = machine.run(&["prune", "--yes"]);
        assert_eq!(notes(&pruned), ["nothing to release", &*down]);
        assert_eq!(files(), 2);
        let again = machine.run(&["prune"]);
        let nothing = ["nothing to prune: every recorded checkout exists"];
        assert_eq!(notes(&again), nothing);
    });
}

#[test]
fn prune_never_names_the_project_of_an_existing_checkout() {
    both_ways(|machine| {
        // Its own record, and the name of the folder of another one.
        let moved = checkout(machine, "shop", "shop");
        checkout(machine, "moved", "shop");
        let clone = checkout(machine, "clone", "blog");
        let blog = machine.work().join("blog");
        fs::create_dir(&blog).unwrap();
        machine.run_in(&blog, &["get", "web"]).printed();
        fs::remove_dir(moved).unwrap();
        fs::remove_dir(clone).unwrap();
        let shown = machine.run(&["prune"]);
        let nothing = ["nothing to prune: every recorded checkout exists"];
        assert_eq!(notes(&shown), nothing);
        assert_eq!(notes(&machine.run(&["prune", "--yes"])), nothing);
        let files = fs::read_dir(folder(&machine.sandbox)).unwrap();
        assert_eq!(files.count(), 2);
    });
}
