//! Many clients at once, and other processes on the same file: no write fails because another one
//! is under way, and nothing is given twice.
//!
//! `PORT_REGISTRY_SOAK` multiplies what they do.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, Registry, Request};
use redb::{ConcurrencyMode, Database, TableDefinition};
use serde_json::Value;
use test_support::daemon::{Client, Daemon, Response};
use test_support::{Ran, Sandbox, free_block, program, soak, wait_until};

/// Lets many clients, each on a connection of its own, ask at the same moment, and then again and
/// again until all has been asked. `request` tells what the client of this number asks next.
fn all_at_once(
    daemon: &Daemon,
    clients: u32,
    requests: u32,
    request: impl Fn(u32) -> (&'static str, String) + Sync,
) -> Vec<Response> {
    let start = Barrier::new(clients as usize);
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = daemon.client();
                    start.wait();
                    let mut responses = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= requests {
                            return responses;
                        }
                        let (method, body) = request(number);
                        responses.push(client.ask(method, "/v1/allocations", &body));
                    }
                })
            })
            .collect();
        let responses = clients.into_iter().map(|client| client.join().unwrap());
        responses.flatten().collect()
    })
}

fn claim(instance: &str, service: u32, rest: &str) -> String {
    format!(r#"{{"app":"shop","instance":"{instance}","service":"service-{service}"{rest}}}"#)
}

/// The store as the daemon left it, in process.
fn registry(sandbox: &Sandbox) -> Registry {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    registry.verify().unwrap();
    registry
}

fn numbers(values: &[Value], field: &str) -> BTreeSet<u64> {
    values
        .iter()
        .map(|value| value[field].as_u64().unwrap())
        .collect()
}

#[test]
fn four_hundred_services_get_a_port_each_over_any_number_of_clients() {
    for clients in [8, 64, 200] {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let requests = 400 * soak();
        let responses = all_at_once(&daemon, clients, requests, |number| {
            ("POST", claim("main", number, ""))
        });
        let made: Vec<_> = responses
            .iter()
            .map(|response| response.json(201))
            .collect();
        assert_eq!(numbers(&made, "port").len(), requests as usize);
        // No id is used up for nothing.
        let ids = numbers(&made, "id");
        assert!(ids.into_iter().eq(1..=u64::from(requests)));
        let listed = registry(&sandbox).list(&Filter::new()).unwrap();
        assert_eq!(listed.len(), requests as usize);
    }
}

#[test]
fn large_batches_that_are_on_their_way_are_not_without_number() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let begin = |length: usize| {
        let mut client = daemon.client();
        let head = format!(
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        );
        client.send(head.as_bytes());
        client
    };
    // All the room there is, and none of it sent.
    let unsent = [begin(16 << 20), begin(16 << 20)];
    let body = format!(r#"{{"requests":[],"ignored":"{}"}}"#, "x".repeat(80 << 10));
    wait_until("there is no room", || {
        let refused = daemon.ask("POST", "/v1/batch", &body);
        refused.status == 503
            && refused.json(503)["error"]
                .to_string()
                .contains("large batches")
    });
    // Small ones need none.
    let small = daemon.ask("POST", "/v1/batch", r#"{"requests":[]}"#);
    small.json(200);
    drop(unsent);
    wait_until("there is room again", || {
        daemon.ask("POST", "/v1/batch", &body).status == 200
    });
}

#[test]
fn a_connection_goes_on_after_a_batch_whose_answer_was_sent_in_parts() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let item = format!(
        r#"{{"method":"DELETE","body":{{"app":"{}"}}}}"#,
        "x".repeat(100)
    );
    let batch = format!(r#"{{"requests":[{}]}}"#, vec![item; 30_000].join(","));
    let mut client = daemon.client();
    for _ in 0..10 {
        let answer = client.ask("POST", "/v1/batch", &batch);
        assert!(answer.body.len() > 1 << 20, "{}", answer.body.len());
        client.ask("GET", "/v1/daemon", "").json(200);
    }
}

#[test]
fn of_two_hundred_clients_that_want_one_port_one_gets_it_and_the_others_learn_who() {
    for _ in 0..soak() {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let port = format!(r#","port":{}"#, free_block(1));
        let responses = all_at_once(&daemon, 200, 200, |number| {
            ("POST", claim("main", number, &port))
        });
        let (made, refused): (Vec<_>, Vec<_>) = responses
            .iter()
            .partition(|response| response.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 199));
        let holder = made[0].json(201);
        for refused in refused {
            let conflict = refused.json(409);
            assert_eq!(conflict["error"], "port already allocated");
            assert_eq!(conflict["holder"], holder);
        }
        assert_eq!(holder["id"], 1);
        registry(&sandbox);
    }
}

#[test]
fn of_two_hundred_clients_that_get_or_create_one_service_all_get_the_same() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let responses = all_at_once(&daemon, 200, 400 * soak(), |_| {
        ("PUT", claim("main", 1, ""))
    });
    let (made, found): (Vec<_>, Vec<_>) = responses
        .iter()
        .partition(|response| response.status == 201);
    assert_eq!(made.len(), 1);
    let made = made[0].json(201);
    assert!(found.iter().all(|response| response.json(200) == made));
}

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

#[test]
fn lists_that_are_asked_for_at_once_are_each_what_was_asked_for() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    for (instance, count) in [("main", 3), ("next", 5)] {
        for service in 0..count {
            let body = claim(instance, service, "");
            daemon.ask("POST", "/v1/allocations", &body).json(201);
        }
    }
    let questions = [
        ("", 8),
        ("?app=shop", 8),
        ("?app=shop&instance=main", 3),
        ("?instance=next", 5),
        ("?app=nobody", 0),
    ];
    let mut clients: Vec<_> = (0..40).map(|_| daemon.client()).collect();
    for _ in 0..20 {
        for (client, (query, _)) in clients.iter_mut().zip(questions.iter().cycle()) {
            let head = format!("GET /v1/allocations{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            client.send(head.as_bytes());
        }
        for (client, (query, count)) in clients.iter_mut().zip(questions.iter().cycle()) {
            let list = client.receive("GET").json(200);
            assert_eq!(list.as_array().unwrap().len(), *count, "{query}");
        }
    }
}
