//! Slow clients: partial requests, bodies sent byte by byte, and responses left unread. They must
//! neither block other clients nor hold connections or memory for long.

use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

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

/// Requests the list of allocations without reading the response, little of which fits into the
/// socket buffers.
fn request_unread_list(daemon: &Daemon) -> Client {
    let mut client = daemon.client();
    client.send(b"GET /v1/allocations HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
}

/// Slow clients of each kind.
const SLOW_CLIENTS: usize = 10;

/// A slow client: the method of its request, the part that it sends, and the status that it gets in the end.
struct SlowClient {
    method: &'static str,
    client: Client,
    status: Option<u16>,
}

impl SlowClient {
    fn connect(
        daemon: &Daemon,
        method: &'static str,
        part: &[u8],
        status: Option<u16>,
    ) -> SlowClient {
        let mut client = daemon.client();
        client.send(part);
        SlowClient {
            method,
            client,
            status,
        }
    }

    /// Makes clients with half a head, with half a head after a whole request, with half a body, and that do not read.
    fn of_each_kind(daemon: &Daemon, number: usize) -> [SlowClient; 4] {
        let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
        let body =
            b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{";
        let mut second = SlowClient::connect(daemon, "GET", b"", Some(408));
        second.client.ask("GET", "/healthz", "").json(200);
        second.client.send(&head[..20 + number]);
        [
            SlowClient::connect(daemon, "GET", &head[..20 + number], Some(408)),
            second,
            SlowClient::connect(daemon, "POST", body, Some(408)),
            SlowClient {
                method: "GET",
                client: request_unread_list(daemon),
                status: None,
            },
        ]
    }

    /// Waits until the daemon closes the connection.
    fn wait_for_end(mut self) {
        if let Some(status) = self.status {
            let timed_out = json!({
                "error": "the request took longer than 10 s to arrive",
                "code": "request_timeout",
            });
            assert_eq!(self.client.receive(self.method).json(status), timed_out);
            assert!(self.client.is_closed());
        } else {
            wait_until("the daemon closes the connection", || {
                !is_open(&self.client)
            });
            // Only the part of the response that the system buffered arrives.
            assert!(self.client.try_receive(self.method).is_err());
        }
    }
}

#[test]
fn slow_clients_block_nobody() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 200, 2_000);
    let daemon = Daemon::start(&sandbox);
    // On a busy machine, an attempt may fail because the slow clients' time is up before the others are answered.
    let is_answered = (0..3).any(|_| {
        let slow = (0..SLOW_CLIENTS).flat_map(|number| SlowClient::of_each_kind(&daemon, number));
        let slow: Vec<_> = slow.collect();
        for _ in 0..3 {
            daemon.ask("GET", "/healthz", "").json(200);
            let made = daemon.ask("PUT", "/v1/allocations", CLAIM);
            assert!(matches!(made.status, 200 | 201), "{made:?}");
        }
        let ports: Vec<_> = slow.iter().map(|slow| local_port(&slow.client)).collect();
        are_open(&ports)
    });
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

/// The time limits are tested one by one under a simulated clock, in `port-registry-http/src/daemon/http/tests`.
#[test]
#[ignore = "takes 15 seconds"]
fn slow_clients_are_dropped() {
    let sandbox = Sandbox::new();
    fill(&sandbox, 200, 2_000);
    let daemon = Daemon::start(&sandbox);
    let slow = (0..SLOW_CLIENTS).flat_map(|number| SlowClient::of_each_kind(&daemon, number));
    let slow: Vec<_> = slow.collect();
    thread::scope(|scope| {
        // A body sent byte by byte.
        scope.spawn(|| {
            let mut client = daemon.client();
            client.send(
                b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
            );
            let timeout = Some(Duration::from_millis(100));
            client.stream().set_read_timeout(timeout).unwrap();
            let mut response = None;
            wait_until("the daemon gives up on the request", || {
                client.send(b" ");
                response = client.try_receive("POST").ok();
                response.is_some()
            });
            assert_eq!(response.unwrap().status, 408);
        });
        for client in slow {
            scope.spawn(move || client.wait_for_end());
        }
    });
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(
        listed.as_array().unwrap().len(),
        200,
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
    // More than there is room for.
    for _ in 0..50 {
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
