//! Requests that share a commit, a store, or a daemon that is killed.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, Request};
use serde_json::Value;
use test_support::daemon::{Client, Daemon};
use test_support::{Ran, Sandbox, program, soak, wait_until};

use super::fixture::{claim, distinct, send_concurrently, verified_registry};

#[test]
fn acknowledged_allocations_survive_a_kill_under_load() {
    let sandbox = Sandbox::new();
    let next = AtomicU32::new(0);
    let acknowledged = Mutex::new(Vec::new());
    for round in 1..=4 * soak() {
        let mut daemon = Daemon::start(&sandbox);
        // Under load, a thread may only run once the daemon has been killed.
        let clients: Vec<Client> = (0..16).map(|_| Client::connect(daemon.address)).collect();
        thread::scope(|scope| {
            for mut client in clients {
                let (next, acknowledged) = (&next, &acknowledged);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        client.post(&claim("main", number, ""));
                        let Ok(answer) = client.try_receive("POST") else {
                            break;
                        };
                        acknowledged.lock().unwrap().push(answer.json(201));
                    }
                });
            }
            let enough = round as usize * 50;
            wait_until("enough requests are answered", || {
                acknowledged.lock().unwrap().len() > enough
            });
            daemon.child.kill().unwrap();
        });
        let acknowledged = acknowledged.lock().unwrap();
        let listed = verified_registry(&sandbox).list(&Filter::new()).unwrap();
        let listed = serde_json::to_value(listed).unwrap();
        let held: BTreeSet<String> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        assert!(
            acknowledged
                .iter()
                .all(|allocation| held.contains(&allocation.to_string()))
        );
        assert_eq!(distinct(&acknowledged, "port").len(), acknowledged.len());
        assert_eq!(distinct(&acknowledged, "id").len(), acknowledged.len());
    }
}

#[test]
fn the_daemon_and_in_process_portctl_share_the_store() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let is_over = AtomicBool::new(false);
    let (over_http, in_process) = thread::scope(|scope| {
        let others: Vec<_> = (0..3)
            .map(|process| {
                let (sandbox, is_over) = (&sandbox, &is_over);
                scope.spawn(move || {
                    let mut made = Vec::new();
                    // At least a few, even if the daemon finishes first.
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
        let responses = send_concurrently(&daemon, 32, 800 * soak(), |number| {
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
    assert_eq!(distinct(&all, "port").len(), all.len());
    assert!(distinct(&all, "id").into_iter().eq(1..=all.len() as u64));
    // Both backends list the allocations of both.
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed.as_array().unwrap().len(), all.len());
    let listed = daemon.ask("GET", "/v1/status", "").json(200);
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
    verified_registry(&sandbox);
}

#[test]
fn requests_without_writes_are_answered_while_another_process_holds_the_write_lock() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let made = daemon
        .ask("POST", "/v1/allocations", &claim("main", 1, ""))
        .json(201);
    let registry = verified_registry(&sandbox);
    let mut own_requests = vec![Request::ReleaseMatching(
        Filter::new()
            .with_instance("main")
            .with_service("service-1"),
    )];
    // Sends the requests during a turn of this process to write.
    let answers = registry.apply_group(&mut own_requests, Duration::from_secs(20), |requests| {
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
        // A write waits until its deadline, and then has no effect.
        let busy = daemon.ask("POST", "/v1/allocations", &claim("main", 3, ""));
        assert_eq!(busy.json(503)["error"], "registry is busy");
    });
    assert!(answers.unwrap().is_empty());
    daemon
        .ask("POST", "/v1/allocations", &claim("main", 3, ""))
        .json(201);
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 2);
}
