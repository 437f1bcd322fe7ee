//! Slow clients: partial requests, bodies sent byte by byte, and responses left unread. They must
//! neither block other clients nor hold connections or memory for long.

use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey, Verdict};
use serde_json::json;
use test_support::daemon::{Client, Daemon};
use test_support::{Sandbox, wait_until};

const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

/// Fills the store with `rows` allocations whose checkouts have paths of `length` bytes, so that listing them gives a large
/// response. Few long rows take less time than many short ones.
fn fill(sandbox: &Sandbox, rows: usize, length: usize) {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap();
    let claims = (0..rows).map(|number| {
        let key = ServiceKey::new("shop", "main", format!("service-{number}")).unwrap();
        Request::Allocate(
            Claim::new(key)
                .with_dir(format!("/home/{}", "x".repeat(length)))
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

/// Sends requests until `is_over` is set, and counts the responses.
fn ask_until_over(daemon: &Daemon, is_over: &AtomicBool, answers: &AtomicUsize) {
    while !is_over.load(Ordering::Relaxed) {
        daemon.ask("GET", "/healthz", "").json(200);
        daemon.ask("PUT", "/v1/allocations", CLAIM).json(200);
        answers.fetch_add(2, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(20));
    }
}

/// Requests the list of allocations without reading the response, little of which fits into the
/// socket buffers.
fn request_unread_list(daemon: &Daemon) -> Client {
    let mut client = daemon.client();
    client.send(b"GET /v1/allocations HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
}

/// Slow clients, and those of them that the daemon has dropped.
#[derive(Default)]
struct SlowClients {
    /// Local ports of the clients that have sent all but the rest of their requests.
    connected: Mutex<Vec<u16>>,
    ended: AtomicUsize,
}

impl SlowClients {
    fn note_connected(&self, client: &Client) {
        self.connected.lock().unwrap().push(local_port(client));
    }

    fn note_end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns true if the daemon has dropped none of them.
    fn are_all_connected(&self) -> bool {
        let ports = self.connected.lock().unwrap();
        self.ended.load(Ordering::Relaxed) == 0 && are_open(&ports)
    }
}

/// Asserts that the daemon closes the connections of clients that do not read. Only the part of the response that the
/// system buffered arrives.
fn assert_are_dropped(clients: Vec<Client>) {
    for mut client in clients {
        wait_until("the daemon closes the connection", || !is_open(&client));
        assert!(client.try_receive("GET").is_err());
    }
}

/// Number of slow clients of each kind.
const SLOW_CLIENTS: usize = 10;

/// Keeps slow clients connected until each has timed out. Returns true if other clients were answered while all slow
/// ones were connected.
fn answers_among_slow_clients(daemon: &Daemon) -> bool {
    let is_over = AtomicBool::new(false);
    let answers = AtomicUsize::new(0);
    let clients = SlowClients::default();
    let timed_out = json!({
        "error": "the request took longer than 10 s to arrive",
        "code": "request_timeout",
    });
    thread::scope(|scope| {
        scope.spawn(|| ask_until_over(daemon, &is_over, &answers));
        let mut slow = Vec::new();
        for number in 0..SLOW_CLIENTS {
            let (timed_out, clients) = (&timed_out, &clients);
            // Half a request head.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.send(&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"[..20 + number]);
                clients.note_connected(&client);
                assert_eq!(client.receive("GET").json(408), *timed_out);
                clients.note_end();
                assert!(client.is_closed());
            }));
            // Half a request head after a whole request.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.ask("GET", "/healthz", "").json(200);
                client.send(b"GET /healthz HTTP/1.1\r\nHost: loc");
                clients.note_connected(&client);
                assert!(client.is_closed());
                clients.note_end();
            }));
            // A body sent byte by byte.
            slow.push(scope.spawn(move || {
                let mut client = daemon.client();
                client.send(
                    b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
                );
                clients.note_connected(&client);
                let timeout = Some(Duration::from_millis(100));
                client.stream().set_read_timeout(timeout).unwrap();
                let mut response = None;
                wait_until("the daemon gives up on the request", || {
                    client.send(b" ");
                    response = client.try_receive("POST").ok();
                    response.is_some()
                });
                let response = response.unwrap();
                assert_eq!(response.json(408), *timed_out);
                clients.note_end();
                assert!(client.is_closed());
            }));
        }
        let unread: Vec<Client> = (0..SLOW_CLIENTS)
            .map(|_| request_unread_list(daemon))
            .inspect(|client| clients.note_connected(client))
            .collect();
        wait_until("all slow clients are connected", || {
            clients.connected.lock().unwrap().len() == slow.len() + unread.len()
        });
        // Two of these answers may be to requests that were sent before.
        let enough = answers.load(Ordering::Relaxed) + 6;
        wait_until("other clients are answered", || {
            answers.load(Ordering::Relaxed) >= enough
        });
        let are_in_time = clients.are_all_connected();
        let mut ends: Vec<_> = slow.into_iter().map(ScopedJoinHandle::join).collect();
        // The kernel's table of connections takes long to read, so that the clients that end by themselves come first.
        ends.push(scope.spawn(|| assert_are_dropped(unread)).join());
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
        are_in_time
    })
}

/// Runs the cases in parallel, because each waits for many seconds.
#[test]
fn clients_that_do_not_go_on_are_dropped() {
    thread::scope(|scope| {
        scope.spawn(slow_clients_time_out_and_block_nobody);
        scope.spawn(connections_without_a_request_are_closed);
    });
}

fn slow_clients_time_out_and_block_nobody() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 200, 2_000);
    let daemon = Daemon::start(&sandbox);
    daemon.ask("PUT", "/v1/allocations", CLAIM).json(201);
    // If slow clients blocked others, no attempt would succeed. On a busy machine, one may fail because the slow
    // clients' time is up first.
    let is_answered = (0..3).any(|_| answers_among_slow_clients(&daemon));
    assert!(
        is_answered,
        "answers came only after slow clients had timed out"
    );
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(
        listed.as_array().unwrap().len(),
        201,
        "an unfinished request took effect"
    );
}

/// Returns whether the daemon's end of a connection is still open, from the kernel's table of
/// connections. The client's socket reports a close only after it has read everything before it.
fn is_open(client: &Client) -> bool {
    are_open(&[local_port(client)])
}

/// Like [`is_open`], for the clients with all these ports.
fn are_open(ports: &[u16]) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_open = |port: &u16| table.contains(&format!("0100007F:{port:04X} 01 "));
    ports.iter().all(is_open)
}

fn local_port(client: &Client) -> u16 {
    client.stream().local_addr().unwrap().port()
}

fn connections_without_a_request_are_closed() {
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
fn unread_responses_hold_little_memory() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 1_000, 2_100);
    let daemon = Daemon::start(&sandbox);
    // The errors of this batch are larger than the list, because each names a holder with a long
    // path.
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
        let client = request_unread_list(&daemon);
        // Wait for the status line: either of the list, or of the refusal for lack of room.
        let mut start = [0; 12];
        loop {
            match client.stream().peek(&mut start) {
                Ok(0) => panic!("the connection is closed"),
                Ok(read) if read == start.len() => break,
                Ok(_) => {}
                // As when the test is stopped and continued.
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            }
        }
        if start.ends_with(b"503") {
            refused += 1;
            if refused == 1 {
                // Without room for all errors, a failed batch reports only its first one.
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
    // Small requests are still answered. Lists are too once the unread ones are gone.
    daemon.ask("GET", "/v1/allocations/1", "").json(200);
    daemon.ask("PUT", "/v1/allocations", CLAIM).json(200);
    drop(unread);
    wait_until("there is room again", || {
        daemon.ask("GET", "/v1/allocations", "").status == 200
    });
}

#[test]
fn clients_that_pipeline_without_reading_use_little_memory_and_cpu() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let before = daemon.resident_memory();
    let requests = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(10_000);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = daemon.client();
            client.stream().set_nonblocking(true).unwrap();
            // Sends as much as the socket buffers take.
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
    assert!(time < 30, "unread connections used {time} % of a processor");
    let memory = daemon.resident_memory() - before;
    assert!(
        memory < 16 << 10,
        "{memory} KiB for {} clients",
        clients.len()
    );
}

#[test]
fn a_full_daemon_drops_waiting_connections_for_new_requests() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    // More connections than the limit: idle, with half a head or body, and with unread responses.
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
    // The daemon made room by closing connections that still had time to send their requests: it gave a client with
    // half a body this reason, and not the status 408.
    let mut half_bodies = idle.into_iter().skip(1).step_by(4);
    let made_room = half_bodies.any(|mut client| {
        !is_open(&client)
            && client
                .try_receive("PUT")
                .is_ok_and(|answer| answer.status == 503 && answer.json(503)["code"] == "stopping")
    });
    assert!(made_room);
}
