//! Importing allocations.

use std::process::Stdio;

use port_registry::{Allocation, Claim, ListenerPolicy, Port, Registry, ServiceKey};
use serde_json::{Value, json};

use super::machine::both_ways;
use crate::PORTCTL;
use test_support::{Ran, Sandbox, listener};

/// Imports the formats of this program, of the Go program's server, and of its database as printed by
/// `sqlite3 -json`.
#[test]
fn imported_allocations_keep_their_ports_and_times() {
    both_ways(|machine| {
        let (_listener, busy) = listener();
        let rows = json!([
            {"id": 7, "app": "shop", "instance": "main", "service": "web", "port": busy,
             "created_at": "2026-01-02 03:04:05"},
            {"id": 3, "app": "shop", "instance": "main", "service": "db", "port": 21,
             "created_at": "2026-01-02T03:04:05.678+01:00", "extra": null},
            {"app": "blog", "instance": "main", "service": "web", "port": 22, "dir": "/srv/blog",
             "created_at": "2026-01-02T03:04:05Z"},
        ]);
        let file = machine.write("rows.json", &rows.to_string());
        assert_eq!(
            machine.run(&["import", "rows.json"]).printed(),
            "imported 3"
        );
        let held = machine.held();
        let row = |app: &str, service: &str, port: u16, time: &str| json!({"app": app, "instance": "main", "service": service, "port": port, "created_at": time});
        let mut expected = [
            row("shop", "web", busy, "2026-01-02T03:04:05Z"),
            row("shop", "db", 21, "2026-01-02T02:04:05Z"),
            row("blog", "web", 22, "2026-01-02T03:04:05Z"),
        ];
        expected[2]["dir"] = json!("/srv/blog");
        assert_eq!(held, expected);

        let again = machine.run(&["import", file.to_str().unwrap()]);
        assert_eq!(again.printed(), "imported 0; existing already: 3");
        // An import of an export restores the same allocations.
        let exported = machine.run(&["export"]).stdout;
        for app in ["shop", "blog"] {
            let ran = machine.run(&["release", "--app", app, "--yes"]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
        let mut command = machine.command(&machine.work(), &["import", "-", "--json"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), exported.as_bytes()).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        let done: Value = serde_json::from_str(ran.printed()).unwrap();
        assert_eq!(done["allocations"].as_array().unwrap().len(), 3);
        assert_eq!(machine.held(), expected);
    });
}

#[test]
fn import_names_every_conflict_and_is_atomic() {
    both_ways(|machine| {
        let row = |app: &str, service: &str, port: u16| json!({"app": app, "instance": "default", "service": service, "port": port});
        let mut held = row("work", "web", 21);
        held["dir"] = json!("/srv/work");
        machine.write("held.json", &json!([held]).to_string());
        machine.run(&["import", "held.json"]).printed();
        let before = machine.held();
        let rows = json!([
            row("work", "web", 21),
            row("new", "a", 22),
            row("work", "web", 23),
            row("other", "web", 21),
            row("new", "a", 24),
            row("new", "b", 22),
        ]);
        machine.write("rows.json", &rows.to_string());
        let ran = machine.run(&["import", "rows.json"]);
        let lines: Vec<&str> = ran.complained(1).lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "error: 4 allocations conflict with others, so nothing was imported",
                "port 23 of work/default/web: it has port 21 (id 1, of /srv/work), and nothing listens there",
                "run `portctl release --id 1`, because its checkout is gone",
                "port 21 of other/default/web: it is allocated to work/default/web (id 1, of /srv/work), and nothing listens there",
                "run `portctl release --id 1`, because its checkout is gone",
                "port 24 of new/default/a: the file also gives it port 22",
                "remove one of the two from the file",
                "port 22 of new/default/b: the file also gives it to new/default/a",
                "remove one of the two from the file",
                "hint: `portctl import --skip-conflicts rows.json` imports the rest",
            ]
        );
        assert_eq!(machine.held(), before);
        let ran = machine.run(&["import", "rows.json", "--json"]);
        let report: Value = serde_json::from_str(ran.complained(1)).unwrap();
        assert_eq!(report["conflicts"].as_array().unwrap().len(), 4);
        assert_eq!(report["holder"]["id"], 1);

        let ran = machine.run(&["import", "rows.json", "--skip-conflicts"]);
        assert_eq!(ran.code, Some(0));
        assert!(
            ran.stdout
                .starts_with("imported 1; existing already: 1; left out because of conflicts: 4")
        );
        let ports: Vec<Value> = machine.held().iter().map(|it| it["port"].clone()).collect();
        assert_eq!(ports, [21, 22]);
    });
}

#[test]
fn import_rejects_files_that_are_not_exports() {
    both_ways(|machine| {
        for (text, expected) in [
            ("", "it is empty"),
            ("SQLite format 3\u{0}", "not a JSON array"),
            ("{\"error\":\"not found\"}", "not a JSON array"),
            ("[{\"app\":\"a\"}]", "1 of its allocations are invalid"),
        ] {
            machine.write("file", text);
            let ran = machine.run(&["import", "file"]);
            assert!(ran.complained(1).contains(expected), "{ran:?}");
        }
        assert!(machine.held().is_empty());
        machine.run(&["import"]).complained(2);
    });
}

#[test]
fn created_at_of_an_adopted_allocation_survives_later_claims() {
    let sandbox = Sandbox::new();
    let registry = Registry::builder()
        .with_path(sandbox.path().join("ports.redb"))
        .open()
        .unwrap();
    let key = ServiceKey::new("shop", "main", "web").unwrap();
    let time = "2026-01-02T03:04:05Z".parse().unwrap();
    let claim = Claim::new(key)
        .with_port(Port::new(21).unwrap())
        .with_listener_policy(ListenerPolicy::Adopt);
    let first: Allocation = registry
        .get_or_allocate(claim.clone().with_created_at(time))
        .unwrap();
    assert_eq!(first.created_at, time);
    // The time applies only to a new allocation.
    let later = "2027-01-02T03:04:05Z".parse().unwrap();
    assert_eq!(
        registry
            .get_or_allocate(claim.with_created_at(later))
            .unwrap(),
        first
    );
}

#[test]
fn database_without_its_journal_is_read_with_a_note_and_kept_by_importing_it() {
    let sandbox = Sandbox::new();
    // So many that they are in the database.
    let registry = sandbox.registry();
    let requests: Vec<_> = (0..256)
        .map(|number| {
            let key = ServiceKey::new("shop", "main", format!("service-{number}")).unwrap();
            port_registry::Request::Allocate(Claim::new(key))
        })
        .collect();
    let atomicity = port_registry::Atomicity::AllOrNothing;
    registry.apply(&requests, atomicity).unwrap();
    drop(registry);
    let store = sandbox.store();
    let journal = format!("{}.journal", store.display());
    std::fs::remove_file(&journal).unwrap();

    let listed = sandbox.run(PORTCTL, &["list", "--all", "--json"]);
    let rows: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 256);
    let note = format!("the latest changes are missing, because {journal} is; restore it");
    assert!(listed.stderr.contains(&note), "{listed:?}");
    let refused = sandbox.run(PORTCTL, &["get", "web"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("run `portctl import` on it"),
        "{refused:?}"
    );

    let kept = sandbox.path().join("kept.redb");
    std::fs::rename(&store, &kept).unwrap();
    let imported = sandbox.run(PORTCTL, &["import", kept.to_str().unwrap()]);
    assert_eq!(imported.printed(), "imported 256");
    sandbox.run(PORTCTL, &["get", "web"]).printed();
}
