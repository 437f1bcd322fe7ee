//! Pruning the allocations of checkouts that are gone, and keeping those that may still be needed.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use test_support::{Ran, free_block, namespace, occupant_of};

use super::machine::{Machine, both_ways};
use crate::PORTCTL;

/// Makes a checkout with a port for `web`, which no other test uses. Returns its folder and the port.
fn checkout(machine: &Machine, name: &str) -> (PathBuf, u16) {
    let folder = machine.work().join(name);
    fs::create_dir_all(&folder).unwrap();
    let port = free_block(1);
    let got = machine.run_in(&folder, &["get", "web", "--port", &port.to_string()]);
    assert_eq!(got.printed(), port.to_string());
    (folder, port)
}

/// The services that hold a port, with their apps.
fn held(machine: &Machine) -> Vec<String> {
    let held = machine.held();
    let apps = held.iter().map(|it| it["app"].as_str().unwrap().to_owned());
    apps.collect()
}

#[test]
fn prune_releases_allocations_of_missing_checkouts_after_confirmation() {
    both_ways(|machine| {
        let [gone, here] = ["gone", "here"].map(|name| machine.work().join(name));
        for folder in [&gone, &here] {
            fs::create_dir(folder).unwrap();
            for service in ["web", "db"] {
                let port = free_block(1).to_string();
                let get = ["get", service, "--port", &port];
                machine.run_in(folder, &get).printed();
            }
        }
        // An allocation without a recorded checkout is kept.
        machine
            .run(&["get", "web", "--app", "x", "--instance", "y"])
            .printed();
        let none = machine.run(&["prune", "--yes"]);
        assert_eq!((none.code, &*none.stdout), (Some(0), ""));
        fs::remove_dir(&gone).unwrap();
        let shown = machine.run(&["prune"]);
        assert_eq!(shown.code, Some(0));
        assert_eq!(
            shown.stdout.matches("gone/default/").count(),
            2,
            "{shown:?}"
        );
        let folder = gone.to_str().unwrap();
        assert_eq!(shown.stdout.matches(folder).count(), 2, "{shown:?}");
        assert_eq!(shown.stdout.matches("checkout gone").count(), 2);
        assert_eq!(shown.stderr, "note: `portctl prune --yes` releases them\n");
        assert_eq!(machine.held().len(), 5);

        let shown = machine.json(&["prune", "--json"]);
        let pruned = machine.json(&["prune", "--yes", "--json"]);
        assert_eq!(shown, pruned);
        let apps: Vec<Value> = pruned
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["app"].clone())
            .collect();
        assert_eq!(apps, ["gone", "gone"]);
        for pruned in pruned.as_array().unwrap() {
            assert_eq!(pruned["reason"], "checkout gone");
            assert_eq!(pruned["dir"], folder);
        }
        assert_eq!(machine.held().len(), 3);
    });
}

#[test]
fn ports_of_deleted_branches_are_pruned_unless_get_returns_them() {
    both_ways(|machine| {
        let shop = machine.work().join("shop");
        fs::create_dir(&shop).unwrap();
        let git = |words: &[&str]| machine.sandbox.git(&shop, words);
        let get = || machine.run_in(&shop, &["get", "web"]).printed().to_owned();
        let allocate = || {
            let port = free_block(1).to_string();
            let words = ["allocate", "web", "--port", &port];
            let ran = machine.run_in(&shop, &words);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            port
        };
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "Begin"]);
        git(&["switch", "--quiet", "--create", "first"]);
        let first = allocate();
        git(&["switch", "--quiet", "--create", "topic"]);
        let topic = allocate();
        git(&["switch", "--quiet", "--create", "kept"]);
        allocate();
        git(&["switch", "--quiet", "--detach"]);
        allocate();
        git(&["commit", "--quiet", "--allow-empty", "--message", "More"]);
        git(&["branch", "--quiet", "--delete", "topic"]);
        git(&["branch", "--quiet", "--delete", "first"]);
        // The name of the checkout is that of a deleted branch, and `get` still returns its port.
        assert_eq!(get(), first);
        let shown = machine.json(&["prune", "--json"]);
        let reasons: Vec<_> = shown.as_array().unwrap().iter().collect();
        assert_eq!(reasons.len(), 2, "{shown}");
        assert_eq!(reasons[0]["port"].to_string(), topic);
        assert_eq!(reasons[0]["reason"], "branch deleted");
        assert_eq!(reasons[1]["reason"], "commit left");
        assert_eq!(machine.json(&["prune", "--yes", "--json"]), shown);
        assert_eq!(get(), first);
        assert_eq!(machine.held().len(), 2);
        // A git that fails says nothing about branches.
        git(&["switch", "--quiet", "kept"]);
        git(&["switch", "--quiet", "--create", "late"]);
        allocate();
        git(&["switch", "--quiet", "kept"]);
        git(&["branch", "--quiet", "--delete", "late"]);
        fs::write(shop.join(".git/config"), "[core\n").unwrap();
        let ran = machine.run(&["prune", "--yes"]);
        assert_eq!((ran.code, &*ran.stdout), (Some(0), ""), "{ran:?}");
        assert!(ran.stderr.contains("bad config line 1"), "{ran:?}");
        assert_eq!(machine.held().len(), 3);
    });
}

#[test]
fn port_that_something_listens_on_is_never_pruned() {
    both_ways(|machine| {
        let (served, port) = checkout(machine, "served");
        let (idle, _) = checkout(machine, "idle");
        let occupant = occupant_of(port);
        fs::remove_dir(&served).unwrap();
        let note = |text: &str| {
            let start = format!("note: kept port {port} of served/default/web, which is in use");
            assert!(text.contains(&start), "{text}");
            let end = "; `portctl release --id 1` releases it\n";
            assert!(text.ends_with(end), "{text}");
            if cfg!(target_os = "linux") {
                let pid = format!("(pid {}", occupant.id());
                assert!(text.contains(&pid), "{text}");
            }
        };
        for words in [&["prune"][..], &["prune", "--yes"]] {
            let ran = machine.run(words);
            assert_eq!((ran.code, &*ran.stdout), (Some(0), ""));
            let text = ran.stderr.strip_prefix("nothing to prune\n");
            note(text.unwrap_or_else(|| panic!("{ran:?}")));
        }
        fs::remove_dir(&idle).unwrap();
        let ran = machine.run(&["prune", "--yes"]);
        assert!(ran.stdout.ends_with(" of idle/default/web\n"), "{ran:?}");
        note(&ran.stderr);
        let ran = machine.run(&["prune", "--yes", "--json"]);
        assert_eq!(ran.stdout, "[]\n");
        let kept: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(kept["ids"], json!([1]));
        note(&format!("note: {}\n", kept["note"].as_str().unwrap()));

        drop(occupant);
        machine.run(&["prune", "--yes"]).printed();
        assert!(machine.held().is_empty());
    });
}

#[test]
fn checkout_where_disks_come_and_go_is_kept() {
    both_ways(|machine| {
        let (gone, _) = checkout(machine, "gone");
        fs::remove_dir(&gone).unwrap();
        let row = |app: &str, service: &str, port: u16, dir: &str| {
            json!({"app": app, "instance": "main", "service": service, "port": port, "dir": dir,
                   "created_at": "2026-01-02T03:04:05Z"})
        };
        let rows = json!([
            row("shop", "web", 21, "/mnt/no-such-disk/shop"),
            row("shop", "db", 22, "/mnt/no-such-disk/shop"),
            row("blog", "web", 23, "/run/media/me/no such\u{1b}stick"),
        ]);
        machine.write("rows.json", &rows.to_string());
        machine.run(&["import", "rows.json"]).printed();
        let notes = "\
note: kept 2 allocations of /mnt/no-such-disk/shop, which may only be unmounted, because it is in /mnt; \
`portctl release --id 2` releases one
note: kept 1 allocation of /run/media/me/no such\\u{1b}stick, which may only be unmounted, because it is in \
/run/media; `portctl release --id 4` releases it
";
        let shown = machine.run(&["prune"]);
        let expected = format!("note: `portctl prune --yes` releases it\n{notes}");
        assert_eq!(shown.stderr, expected);
        let pruned = machine.run(&["prune", "--yes"]);
        assert!(
            pruned.stdout.ends_with(" of gone/default/web\n"),
            "{pruned:?}"
        );
        assert_eq!(pruned.stderr, notes);
        let none = machine.run(&["prune"]);
        assert_eq!(none.stderr, format!("nothing to prune\n{notes}"));
        assert_eq!(held(machine), ["shop", "shop", "blog"]);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn checkout_outside_of_the_mount_namespace_is_kept() {
    both_ways(|machine| {
        let (hidden, _) = checkout(machine, "disk/hidden");
        let (deeper, _) = checkout(machine, "disk/team/deeper");
        let (gone, _) = checkout(machine, "team/gone");
        fs::remove_dir(&gone).unwrap();
        let disk = machine.work().join("disk");
        let mount = format!("mount -t tmpfs none {}", disk.display());
        let Some(mut command) = namespace::command(&machine.sandbox, "--mount", &mount) else {
            return;
        };
        let outside = machine.command(&machine.work(), &[]);
        for (name, value) in outside.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let script = format!("{mount} && exec {PORTCTL} prune --yes");
        let pruned = Ran::of(command.args(["sh", "-c", &script]));
        assert!(
            pruned.stdout.ends_with(" of gone/default/web\n"),
            "{pruned:?}"
        );
        for (kept, id) in [(&hidden, 1), (&deeper, 2)] {
            let note = format!(
                "note: kept 1 allocation of {}, which may exist outside of the container that this runs in; \
                 `portctl release --id {id}` releases it\n",
                kept.display()
            );
            assert!(pruned.stderr.contains(&note), "{pruned:?}");
        }
        assert_eq!(held(machine), ["hidden", "deeper"]);
    });
}
