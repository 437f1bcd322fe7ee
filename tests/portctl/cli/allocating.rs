//! Allocating ports.

use insta::assert_snapshot;
use port_registry::PortUse;
use serde_json::{Value, json};
use test_support::{free_block, occupant};

use super::fixture::{PORTS, Portctl};

#[test]
fn allocate_prints_the_allocation() {
    let portctl = Portctl::new();
    let ran = portctl.run(&["allocate", "--service", "web"]);
    let first = portctl.first;
    assert_eq!(
        ran.printed(),
        format!("allocated port {first} for work/default/web")
    );
    let allocation = portctl.json(&["allocate", "--service=api", "--instance=blue", "--json"]);
    assert_eq!(allocation["port"], first + 1);
    let text = portctl
        .run(&["list", "--instance", "blue", "--json"])
        .stdout;
    portctl.with_redactions(|| {
        assert_snapshot!(text.trim_end(), @r#"[{"id":2,"app":"work","instance":"blue","service":"api","port":[P-1],"created_at":"[TIME]","dir":"[SANDBOX]/work","label_origin":"typed","checkout_name":{"app":"work","instance":"default"},"state":"down","url":"http://localhost:[P-1]"}]"#);
    });
}

#[test]
fn a_second_claim_on_a_port_names_its_holder() {
    let portctl = Portctl::new();
    let port = portctl.first.to_string();
    portctl.run(&["allocate", "--service", "web"]).printed();
    let rival = [
        "allocate",
        "--app",
        "rival",
        "--service",
        "web",
        "--port",
        &port,
    ];
    let ran = portctl.run(&rival);
    portctl.with_redactions(|| {
        assert_snapshot!(ran.complained(1), @"
        error: port [P-0] is already allocated to work/default/web (id 1, of [SANDBOX]/work), and nothing listens there
        hint: leave --port out to get an available port, or run `portctl release --id 1` if nothing needs this one
        ");
    });
    let ran = portctl.run(&[&rival[..], &["--json"]].concat());
    let output: Value = serde_json::from_str(ran.complained(1)).unwrap();
    let holder = format!("port {port} is already allocated to work/default/web");
    assert!(output["error"].as_str().unwrap().starts_with(&holder));
    assert_eq!(output["holder"]["id"], 1);
    let hint = output["hint"].as_str().unwrap();
    assert!(hint.contains("`portctl release --id 1`"), "{hint}");
}

#[test]
fn a_second_claim_on_a_service_names_its_port() {
    let portctl = Portctl::new();
    portctl.run(&["allocate", "--service", "web"]).printed();
    let ran = portctl.run(&["allocate", "--service", "web"]);
    portctl.with_redactions(|| {
        assert_snapshot!(ran.complained(1), @"
        error: work/default/web already has port [P-0] (id 1, of [SANDBOX]/work), and nothing listens there
        hint: `portctl get web` prints the port that it has
        ");
    });
}

#[test]
fn a_port_in_use_is_refused_unless_it_is_adopted() {
    let portctl = Portctl::new();
    let (occupant, port) = occupant();
    let claim = ["allocate", "--service", "db", "--port", &port.to_string()];
    let ran = portctl.run(&claim);
    let listener = PortUse::of_busy(port.try_into().unwrap()).listener;
    let listener = listener.unwrap();
    assert_eq!(listener.pid, Some(occupant.id()));
    let error = ran
        .complained(1)
        .replace(&listener.to_string(), "[PROCESS]")
        .replace(&port.to_string(), "[PORT]");
    assert_snapshot!(error, @"
    error: port [PORT] is in use by [PROCESS], and not allocated; its checkout is unknown, because its folder is in no checkout
    hint: if the service itself listens there, `portctl allocate db --port [PORT] --adopt` registers it; otherwise leave --port out to get an available port
    ");
    let adopted = portctl.run(&[&claim[..], &["--adopt"]].concat());
    assert_eq!(
        adopted.printed(),
        format!("allocated port {port} for work/default/db")
    );
}

#[test]
fn get_is_idempotent_and_prints_only_ports() {
    let portctl = Portctl::new();
    let first = portctl.first;
    let both = portctl.run(&["get", "web", "api"]);
    assert_eq!(both.stdout, format!("{first}\n{}\n", first + 1));
    assert_eq!(
        portctl.run(&["get", "api"]).stdout,
        format!("{}\n", first + 1)
    );
    let array = portctl.json(&["get", "web", "--json"]);
    assert_eq!(array[0]["port"], first);
    assert_eq!(array.as_array().unwrap().len(), 1);

    let other = free_block(1).to_string();
    let ran = portctl.run(&["get", "web", "--port", &other]);
    assert!(
        ran.complained(1)
            .contains(&format!("already has port {first}"))
    );
    assert_eq!(
        portctl.run(&["get", "db", "--port", &other]).printed(),
        other
    );
}

#[test]
fn get_allocates_all_or_nothing() {
    let portctl = Portctl::new();
    let services: Vec<String> = (0..=PORTS).map(|number| format!("s{number}")).collect();
    let mut args = vec!["get"];
    args.extend(services.iter().map(String::as_str));
    let ran = portctl.run(&args);
    let range = format!("{}-{}", portctl.first, portctl.first + PORTS - 1);
    assert_eq!(
        ran.complained(1),
        format!(
            "error: no free port is left in the range {range}: each is allocated, in use, or not for this \
             user to bind; release some, or widen the range"
        )
    );
    assert_eq!(portctl.json(&["list", "--all", "--json"]), json!([]));
    args.pop();
    assert_eq!(
        portctl.run(&args).printed().lines().count(),
        usize::from(PORTS)
    );
}

#[test]
fn commands_that_write_nothing_create_no_store() {
    let portctl = Portctl::new();
    let (_occupant, port) = occupant();
    let port = port.to_string();
    portctl.run(&["release", "--id", "1"]).complained(1);
    portctl.run(&["release", "--service", "web"]).complained(1);
    let busy = ["allocate", "--service", "web", "--port", &port];
    assert!(portctl.run(&busy).complained(1).contains("in use"));
    assert!(!portctl.sandbox.store().exists());
}

#[test]
fn the_checkout_is_recorded_for_every_instance_of_its_own_app() {
    let portctl = Portctl::new();
    let dir = |args: &[&str]| {
        let args = [&["get", "--json", "web"], args].concat();
        portctl.json(&args)[0]["dir"].clone()
    };
    let work = json!(portctl.sandbox.work().to_str().unwrap());
    assert_eq!(dir(&[]), work);
    assert_eq!(dir(&["--app", "work", "--instance", "default"]), work);
    assert_eq!(dir(&["--instance", "blue"]), work);
    assert_eq!(dir(&["--app", "other"]), Value::Null);
}

#[test]
fn a_range_is_used_to_its_last_port_and_again_after_a_release() {
    let portctl = Portctl::new();
    for number in 0..PORTS {
        let service = format!("service-{number}");
        let port = portctl.first + number;
        assert_eq!(portctl.run(&["get", &service]).printed(), port.to_string());
    }
    let ran = portctl.run(&["allocate", "--service", "one-too-many"]);
    assert!(
        ran.complained(1)
            .starts_with("error: no free port is left in the range ")
    );
    portctl
        .run(&["release", "--service", "service-3"])
        .printed();
    let port = portctl.first + 3;
    assert_eq!(
        portctl.run(&["get", "one-more"]).printed(),
        port.to_string()
    );
}
