//! Clients that send half of a request, or one byte at a time, or do not read their answers: others
//! are answered all the same, and nobody holds a connection or memory for long.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey, Verdict};
use serde_json::json;
use test_support::daemon::{Client, Daemon};
use test_support::{Sandbox, wait_until};

const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

/// Fills the store with so many allocations, of checkouts with such long paths, that the list of them is large.
fn fill(sandbox: &Sandbox, rows: usize) {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap();
    let claims = (0..rows).map(|number| {
        let key = ServiceKey::new("shop", "main", format!("service-{number}")).unwrap();
        Request::Allocate(
            Claim::new(key)
                .with_dir(format!("/home/{}", "x".repeat(200)))
                .unwrap(),
        )
    });
    for answer in registry
        .apply(&claims.collect::<Vec<_>>(), Atomicity::AllOrNothing)
        .unwrap()
    {
        answer.unwrap();
    }
}

/// Asks on until told to stop, and counts the answers.
fn ask_on(daemon: &Daemon, is_over: &AtomicBool, answers: &AtomicUsize) {
    while !is_over.load(Ordering::Relaxed) {
        daemon.ask("GET", "/healthz", "").json(200);
        daemon.ask("PUT", "/v1/allocations", CLAIM).json(200);
        answers.fetch_add(2, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(20));
    }
}

/// A list that is asked for and not read, on a connection that takes little of it.
fn unread_list(daemon: &Daemon) -> Client {
    let mut client = daemon.client();
    client.send(b"GET /v1/allocations HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
}

#[test]
fn slow_clients_are_told_so_and_stop_nobody() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 2_000);
    let daemon = Daemon::start(&sandbox);
    daemon.ask("PUT", "/v1/allocations", CLAIM).json(201);
    let is_over = AtomicBool::new(false);
    let (answers, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let late = json!({
        "error": "the request took longer than 10 s to arrive",
        "code": "request_timeout",
    });
    thread::scope(|scope| {
        scope.spawn(|| ask_on(&daemon, &is_over, &answers));
        let mut slow = Vec::new();
        for number in 0..10 {
            let (daemon, late, ended) = (&daemon, &late, &ended);
            // Half a head and no more.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.send(&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"[..20 + number]);
                assert_eq!(client.receive("GET").json(408), *late);
                ended.fetch_add(1, Ordering::Relaxed);
                assert!(client.is_closed());
            }));
            // The same, after a whole request.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.ask("GET", "/healthz", "").json(200);
                client.send(b"GET /healthz HTTP/1.1\r\nHost: loc");
                assert!(client.is_closed());
                ended.fetch_add(1, Ordering::Relaxed);
            }));
            // A body that comes drop by drop.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.send(
                    b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
                );
                let patience = Some(Duration::from_millis(100));
                client.stream().set_read_timeout(patience).unwrap();
                let mut response = None;
                wait_until("it is ended", || {
                    client.send(b" ");
                    response = client.try_receive("POST").ok();
                    response.is_some()
                });
                let response = response.unwrap();
                assert_eq!(response.json(408), *late);
                ended.fetch_add(1, Ordering::Relaxed);
                assert!(client.is_closed());
            }));
            // An answer that nobody reads. What the system has buffered of it comes, and no more.
            slow.push(scope.spawn(move || {
                let mut client = unread_list(daemon);
                wait_until("it is closed", || !is_open(&client));
                ended.fetch_add(1, Ordering::Relaxed);
                assert!(client.try_receive("GET").is_err());
            }));
        }
        // Others are answered while all of these are connected.
        let enough = answers.load(Ordering::Relaxed) + 6;
        wait_until("others are answered", || {
            answers.load(Ordering::Relaxed) >= enough
        });
        assert_eq!(ended.load(Ordering::Relaxed), 0);
        let ends: Vec<_> = slow.into_iter().map(ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    });
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(
        listed.as_array().unwrap().len(),
        2_001,
        "nothing came of them"
    );
}

/// Whether the daemon still has its end of a connection open, as the kernel tells everybody. The
/// client's end does not notice as long as there is something to read.
fn is_open(client: &Client) -> bool {
    let port = client.stream().local_addr().unwrap().port();
    let remote = format!("0100007F:{port:04X} 01 ");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.contains(&remote)
}

#[test]
fn a_connection_without_a_request_is_closed() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let start = Instant::now();
    let mut silent = daemon.client();
    let mut answered = daemon.client();
    answered.ask("GET", "/healthz", "").json(200);
    assert!(answered.is_closed());
    assert!(start.elapsed() > Duration::from_secs(4));
    silent.receive("GET").json(408);
    assert!(silent.is_closed());
    assert!(start.elapsed() > Duration::from_secs(8));
}

#[test]
fn answers_that_nobody_reads_hold_little_memory() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 10_000);
    let daemon = Daemon::start(&sandbox);
    // A batch whose errors are larger than the list, because each names a holder with a long path.
    let dir = format!(r#","dir":"/{}"}}"#, "x".repeat(4_000));
    let holder = daemon.ask("POST", "/v1/allocations", &CLAIM.replace('}', &dir));
    let holder = holder.json(201);
    let item = format!(r#"{{"method":"POST","body":{CLAIM}}}"#);
    let batch = format!(r#"{{"requests":[{}]}}"#, vec![item; 1_500].join(","));
    let fail_batch = || daemon.ask("POST", "/v1/batch", &batch).json(409);
    assert_eq!(fail_batch()["errors"].as_array().unwrap().len(), 1_500);
    let length = daemon.ask("GET", "/v1/allocations", "").body.len();
    assert!(length > 2 << 20, "{length}");
    let mut unread = Vec::new();
    let mut refused = 0;
    for _ in 0..100 {
        let client = unread_list(&daemon);
        // Its head comes, or the answer that there is no room.
        let mut start = [0; 12];
        loop {
            let read = client.stream().peek(&mut start).unwrap();
            assert!(read > 0, "the connection is closed");
            if read == start.len() {
                break;
            }
        }
        if start.ends_with(b"503") {
            refused += 1;
            if refused == 1 {
                // A batch that fails now reports its first error alone.
                let failed = fail_batch();
                assert_eq!(failed["holder"], holder);
                assert!(failed.get("errors").is_none());
            }
        }
        unread.push(client);
    }
    assert!(refused > 0);
    let memory = daemon.resident_memory();
    assert!(memory < 160 << 10, "{memory} KiB");
    // Others are answered, and lists again once these are gone.
    daemon.ask("GET", "/v1/allocations/1", "").json(200);
    daemon.ask("PUT", "/v1/allocations", CLAIM).json(200);
    drop(unread);
    wait_until("there is room again", || {
        daemon.ask("GET", "/v1/allocations", "").status == 200
    });
}

#[test]
fn who_sends_ahead_and_does_not_read_costs_next_to_nothing() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let before = daemon.resident_memory();
    let requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(10_000);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = daemon.client();
            client.stream().set_nonblocking(true).unwrap();
            // As much as the system takes.
            for piece in requests.as_bytes().chunks(4096) {
                client.send(piece);
            }
            client
        })
        .collect();
    daemon.ask("GET", "/healthz", "").json(200);
    let time = daemon.processor_time();
    thread::sleep(Duration::from_secs(1));
    let time = daemon.processor_time() - time;
    assert!(time < 30, "{time} % of a processor for nothing");
    let memory = daemon.resident_memory() - before;
    assert!(
        memory < 16 << 10,
        "{memory} KiB for {} clients",
        clients.len()
    );
}

#[test]
fn a_full_house_makes_room_for_who_has_something_to_ask() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    // More than there may be: idle, with half a head or body, and with answers that are not read.
    let unread = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(40);
    let mut idle = Vec::new();
    for number in 0..700 {
        let mut client = daemon.client();
        client.send(match number % 4 {
            0 => b"GET /healthz HTTP/1.1\r\nHost: ",
            1 => b"PUT /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
            2 => unread.as_bytes(),
            _ => b"",
        });
        idle.push(client);
    }
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    // Room was made by closing connections, rather than by waiting until the time of their requests was up.
    let mut half_sent = idle
        .into_iter()
        .enumerate()
        .filter(|(number, _)| number % 4 < 2);
    let made_room = half_sent.any(|(_, mut client)| {
        let answer = (!is_open(&client)).then(|| client.try_receive("GET"));
        answer.is_some_and(|answer| answer.map_or(true, |answer| answer.status != 408))
    });
    assert!(made_room);
}
