//! Listing, releasing and checking ports.

use insta::assert_snapshot;
use port_registry::{Listener, PortUse};
use serde_json::{Value, json};
use test_support::occupant;

use super::fixture::Portctl;

#[test]
fn list_defaults_to_this_checkout() {
    let portctl = Portctl::new();
    let nothing = portctl.run(&["list"]);
    assert_eq!((nothing.code, &*nothing.stdout), (Some(0), ""));
    assert_snapshot!(nothing.stderr.trim_end(), @"no allocations of this checkout; `portctl list --all` shows those of others");
    assert_eq!(portctl.run(&["list", "--all"]).stderr, "no allocations\n");
    assert!(!portctl.sandbox.store().exists(), "listing created a store");

    portctl.run(&["get", "web", "postgres"]).printed();
    portctl.run(&["get", "web", "--instance", "blue"]).printed();
    portctl
        .run(&["get", "web", "--app", "other", "--instance", "blue"])
        .printed();
    let ids = |args: &[&str]| -> Vec<u64> {
        let args = [&["list", "--json"], args].concat();
        let listed = portctl.json(&args);
        let listed = listed.as_array().unwrap().iter();
        listed.map(|it| it["id"].as_u64().unwrap()).collect()
    };
    // A typed instance of this app belongs to the checkout too.
    assert_eq!(ids(&[]), [1, 2, 3]);
    assert_eq!(ids(&["--service", "web"]), [1, 3]);
    assert_eq!(ids(&["--instance", "blue"]), [3]);
    assert_eq!(ids(&["--app", "work"]), [1, 2, 3]);
    assert_eq!(ids(&["--app", "other", "--instance", "blue"]), [4]);
    assert_eq!(ids(&["--app", "other", "--instance", "default"]), [0; 0]);
    assert_eq!(ids(&["--all"]), [1, 2, 3, 4]);
    assert_eq!(ids(&["--all", "--service", "postgres"]), [2]);
    let table = portctl.run(&["list", "--all"]);
    portctl.with_redactions(|| assert_snapshot!("list", table.printed()));
}

#[test]
fn release_is_limited_to_this_app_and_instance_by_default() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    portctl.run(&["get", "web", "--app", "other"]).printed();
    portctl.run(&["get", "web", "api", "db"]).printed();

    let ran = portctl.run(&["release", "--port", &port]);
    portctl.with_redactions(|| {
        assert_snapshot!(ran.complained(1), @"
        error: port [P-0] is allocated to other/default/web (id 1), not to work, and nothing listens there
        hint: run `portctl release --id 1` if nothing needs it
        ");
    });
    let ran = portctl.run(&["release", "--service", "api"]);
    portctl.with_redactions(|| {
        assert_snapshot!(ran.printed(), @"released port [P-2] of work/default/api");
    });
    let ran = portctl.run(&["release"]);
    portctl.with_redactions(|| {
        assert_snapshot!(ran.printed(), @"
        released port [P-1] of work/default/web
        released port [P-3] of work/default/db
        ");
    });
    let ran = portctl.run(&["release"]);
    assert_snapshot!(ran.complained(1), @"
    error: this checkout has no ports
    hint: `portctl list --all` shows all allocations
    ");
    let ran = portctl.run(&["release", "--id", "4"]);
    assert_snapshot!(ran.complained(1), @"
    error: allocation 4 not found
    hint: `portctl list --all` shows all allocations
    ");
    let released = portctl.json(&["release", "--id", "1", "--json"]);
    assert_eq!(released[0]["app"], "other");
    // Ids are never given twice.
    assert_eq!(portctl.json(&["get", "web", "--json"])[0]["id"], 5);
}

#[test]
fn check_reports_by_its_exit_code() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    let check = |port: &str| {
        let ran = portctl.run(&["check", "--port", port]);
        assert_eq!(ran.stderr, "");
        (ran.code.unwrap(), ran.stdout.replace(port, "[PORT]"))
    };
    assert_eq!(check(&port), (0, "port [PORT] is available\n".to_owned()));
    assert_eq!(
        portctl.json(&["check", "--json", "--port", &port]),
        json!({ "port": portctl.first, "available": true })
    );

    portctl.run(&["allocate", "--service", "web"]).printed();
    let work = portctl.sandbox.work();
    let holder = format!("work/default/web (id 1, of {})", work.display());
    let text = format!("port [PORT] is allocated to {holder}, and not in use\n");
    assert_eq!(check(&port), (1, text));
    let (occupant, busy) = occupant();
    let busy = busy.to_string();
    let status = |busy: &str| -> Value {
        let ran = portctl.run(&["check", "--json", "--port", busy]);
        assert_eq!(ran.code, Some(1));
        serde_json::from_str(&ran.stdout).unwrap()
    };
    assert_eq!(status(&port)["available"], false);
    assert_eq!(status(&port)["holder"]["service"], "web");
    let listener = status(&busy)["listener"].clone();
    assert_eq!(listener["pid"], occupant.id());
    let listener: Listener = serde_json::from_value(listener).unwrap();
    let in_use = PortUse::of_busy(busy.parse().unwrap());
    assert_eq!(in_use.listener, Some(listener));
    let unknown = "; its checkout is unknown, because its folder is in no checkout";
    let text = format!("port [PORT] is {in_use}, and not allocated{unknown}\n");
    assert_eq!(check(&busy), (1, text));
    assert_eq!(status(&busy)["available"], false);
    let adopt = ["allocate", "--service", "db", "--adopt", "--port", &busy];
    portctl.run(&adopt).printed();
    let holder = format!("work/default/db (id 2, of {})", work.display());
    let text = format!("port [PORT] is allocated to {holder}, and {in_use}{unknown}\n");
    assert_eq!(check(&busy), (1, text));
}
