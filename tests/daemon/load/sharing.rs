//! Requests that share a commit, a store, or a kill.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, Registry, Request};
use redb::{ConcurrencyMode, Database, TableDefinition};
use serde_json::Value;
use test_support::daemon::{Client, Daemon};
use test_support::{Ran, Sandbox, program, soak, wait_until};

use super::fixture::{all_at_once, claim, numbers, registry};

#[test]
fn what_was_answered_outlives_a_kill_in_the_midst_of_other_requests() {
    let sandbox = Sandbox::new();
    let next = AtomicU32::new(0);
    let told = Mutex::new(Vec::new());
    for round in 1..=4 * soak() {
        let mut daemon = Daemon::start(&sandbox);
        let address = daemon.address;
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let mut client = Client::connect(address);
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        client.post(&claim("main", number, ""));
                        let Ok(answer) = client.try_receive("POST") else {
                            break;
                        };
                        told.lock().unwrap().push(answer.json(201));
                    }
                });
            }
            let enough = round as usize * 50;
            wait_until("some are answered", || told.lock().unwrap().len() > enough);
            daemon.child.kill().unwrap();
        });
        let told = told.lock().unwrap();
        let listed = registry(&sandbox).list(&Filter::new()).unwrap();
        let listed = serde_json::to_value(listed).unwrap();
        let held: BTreeSet<String> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        assert!(
            told.iter()
                .all(|allocation| held.contains(&allocation.to_string()))
        );
        assert_eq!(numbers(&told, "port").len(), told.len());
        assert_eq!(numbers(&told, "id").len(), told.len());
    }
}

#[test]
fn the_daemon_and_portctl_in_process_share_the_file_all_the_while() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let is_over = AtomicBool::new(false);
    let (over_http, in_process) = thread::scope(|scope| {
        let others: Vec<_> = (0..3)
            .map(|process| {
                let (sandbox, is_over) = (&sandbox, &is_over);
                scope.spawn(move || {
                    let mut made = Vec::new();
                    // At least a few, however fast the daemon is.
                    while made.len() < 5 || !is_over.load(Ordering::Relaxed) {
                        let service = format!("service-{}", made.len());
                        let instance = format!("process-{process}");
                        let ran = Ran::of(sandbox.command(program("portctl")).args([
                            "allocate",
                            "--json",
                            "--app",
                            "shop",
                            "--instance",
                            &instance,
                            "--service",
                            &service,
                        ]));
                        made.push(serde_json::from_str::<Value>(ran.printed()).unwrap());
                    }
                    made
                })
            })
            .collect();
        let responses = all_at_once(&daemon, 32, 800 * soak(), |number| {
            ("POST", claim("daemon", number, ""))
        });
        is_over.store(true, Ordering::Relaxed);
        let over_http: Vec<_> = responses
            .iter()
            .map(|response| response.json(201))
            .collect();
        let in_process: Vec<_> = others
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect();
        (over_http, in_process)
    });
    let all: Vec<_> = [over_http, in_process].concat();
    assert_eq!(numbers(&all, "port").len(), all.len());
    assert!(numbers(&all, "id").into_iter().eq(1..=all.len() as u64));
    // An allocation that was made either way is shown the other way.
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed.as_array().unwrap().len(), all.len());
    let ran = Ran::of(
        sandbox
            .command(program("portctl"))
            .args(["list", "--all", "--json"]),
    );
    assert_eq!(
        serde_json::from_str::<Value>(ran.printed()).unwrap(),
        listed
    );
    registry(&sandbox);
}

#[test]
fn what_one_request_comes_upon_fails_no_other_of_its_group() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    daemon
        .ask("POST", "/v1/allocations", &claim("main", 1, ""))
        .json(201);
    // An entry of the index without its row.
    let database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(sandbox.store())
        .unwrap();
    let services: TableDefinition<(&str, &str, &str), u64> = TableDefinition::new("services");
    let txn = database.begin_write().unwrap();
    txn.open_table(services)
        .unwrap()
        .insert(("shop", "main", "service-2"), 99)
        .unwrap();
    txn.commit().unwrap();
    drop(database);

    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    let mut mine = vec![Request::ReleaseMatching(
        Filter::new().with_instance("main"),
    )];
    let mut clients = [3, 2].map(|service| (daemon.client(), claim("main", service, "")));
    // Both come while the store is in the turn of another, so they are of one group.
    let turn = registry.apply_group(&mut mine, Duration::from_secs(20), |requests| {
        requests.clear();
        for (client, body) in &mut clients {
            client.post(body);
        }
        daemon.ask("GET", "/healthz", "").json(200);
    });
    assert!(turn.unwrap().is_empty());
    let [sound, unsound] = clients.map(|(mut client, _)| client.receive("POST"));
    sound.json(201);
    let error = unsound.json(500)["error"].to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn what_takes_no_write_is_answered_while_another_process_keeps_the_store_to_itself() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let made = daemon
        .ask("POST", "/v1/allocations", &claim("main", 1, ""))
        .json(201);
    let registry = registry(&sandbox);
    let mut nothing = vec![Request::ReleaseMatching(
        Filter::new()
            .with_instance("main")
            .with_service("service-1"),
    )];
    // In its turn to write, which it does not give up.
    let answers = registry.apply_group(&mut nothing, Duration::from_secs(20), |requests| {
        requests.clear();
        let found = daemon.ask("PUT", "/v1/allocations", &claim("main", 1, ""));
        assert_eq!(found.json(200), made);
        let port = made["port"].as_u64().unwrap();
        let taken = format!(r#","port":{port}"#);
        let conflict = daemon.ask("PUT", "/v1/allocations", &claim("main", 2, &taken));
        assert_eq!(conflict.json(409)["holder"], made);
        daemon.ask("GET", "/v1/allocations", "").json(200);
        daemon.ask("GET", "/v1/allocations/1", "").json(200);
        daemon
            .ask("GET", &format!("/v1/ports/{port}"), "")
            .json(200);
        daemon.ask("GET", "/healthz", "").json(200);
        // A write waits, and does not for ever; then it was not done.
        let busy = daemon.ask("POST", "/v1/allocations", &claim("main", 3, ""));
        assert_eq!(busy.json(503)["error"], "registry is busy");
    });
    assert!(answers.unwrap().is_empty());
    daemon
        .ask("POST", "/v1/allocations", &claim("main", 3, ""))
        .json(201);
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 2);
}
