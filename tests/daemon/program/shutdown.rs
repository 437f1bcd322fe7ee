//! Shutdown of the daemon.
//!
//! The time that it may take is the sum of the limits in `limits.rs` of the daemon's package, where a unit test checks
//! it. These tests show that no client or process keeps the daemon from ending.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use port_registry::{Claim, Filter, ServiceKey};
use test_support::daemon::{Client, Daemon, PORT_REGISTRY};
use test_support::{Sandbox, wait_for_exit, wait_until};

use super::fixture::{CLAIM, file_names, mode, pidfile};

#[test]
fn files_are_private_and_the_store_remains_after_shutdown() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    let folder = sandbox.home().join(".port-registry");
    assert_eq!(mode(&folder), 0o700);
    let files = [
        "port-registry.pid",
        "port-registry.pid.lock",
        "port-registry.sock",
        "ports.redb",
        "ports.redb.journal",
        "ports.redb.lock",
    ];
    assert_eq!(file_names(&folder), files);
    for file in files {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", daemon.child.id()));

    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(file_names(&folder), [&files[1..2], &files[3..]].concat());
    wait_until("the daemon logs its end", || {
        daemon.log().contains("port-registry has stopped")
    });
    let registry = sandbox.registry();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    // The next daemon takes over the store.
    let again = Daemon::start(&sandbox);
    again.ask("GET", "/v1/allocations/1", "").json(200);
}

#[test]
fn shutdown_does_not_wait_until_slow_requests_time_out() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::new();
        let mut daemon = Daemon::start(&sandbox);
        let mut clients: Vec<_> = (0..40).map(|_| daemon.client()).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            match number % 4 {
                0 => {}
                1 => client.send(b"GET /healthz HTTP/1.1\r\nHost: loc"),
                2 => client.send(
                    b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
                ),
                _ => {
                    client.ask("GET", "/healthz", "").json(200);
                }
            }
        }
        daemon.signal(signal);
        assert_eq!(daemon.wait().code(), Some(0), "{signal}");
        // A response with status 408 would mean that the daemon waited for the request to time out.
        for client in &mut clients {
            if let Ok(response) = client.try_receive("GET") {
                assert_ne!(response.status, 408, "{response:?}");
            }
        }
        assert!(!pidfile(&sandbox).exists());
    }
}

#[test]
fn a_request_in_progress_is_answered_before_shutdown() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    // Another process holds the write lock, so the daemon's writer has to wait.
    let registry = sandbox.registry();
    let [mut client, mut idle] = [daemon.client(), daemon.client()];
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut own_requests = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut own_requests, Duration::from_secs(20), |_| {
            client.post(CLAIM);
            // Once this is answered, the first request is in progress.
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            assert!(idle.is_closed());
            // Nobody else can listen there before the daemon has ended.
            assert!(TcpListener::bind(daemon.address).is_err());
        })
        .unwrap();
    let answer = client.receive("POST");
    assert_eq!(answer.json(201)["id"], 2);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 2);
}

#[test]
fn a_partial_request_at_shutdown_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let mut client = daemon.client();
    client.send(b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{");
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.signal("TERM");
    let refusal = client.receive("POST").json(503);
    assert!(
        refusal["error"].as_str().unwrap().contains("is stopping"),
        "{refusal}"
    );
    assert!(client.is_closed());
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn an_unread_standard_error_blocks_neither_answers_nor_shutdown() {
    let sandbox = Sandbox::new();
    let (unread, pipe) = std::io::pipe().unwrap();
    // `yes` writes until the pipe is full, and then sleeps.
    let mut filler = sandbox.command("yes");
    let mut filler = filler.stdout(pipe.try_clone().unwrap()).spawn().unwrap();
    let id = filler.id().to_string();
    wait_until("the pipe is full", || {
        let ps = Command::new("ps").args(["-o", "stat=", "-p", &id]).output();
        ps.unwrap().stdout.starts_with(b"S")
    });

    let port = test_support::free_block(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let command = command.args(["--port", &port.to_string()]).stderr(pipe);
    let mut daemon = command.spawn().unwrap();
    wait_until("the daemon listens", || TcpStream::connect(address).is_ok());
    let answer = Client::connect(address).ask("GET", "/healthz", "");
    let kill = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(kill.unwrap().success());
    let end = wait_for_exit(&mut daemon);
    filler.kill().unwrap();
    filler.wait().unwrap();
    drop(unread);
    answer.json(200);
    assert_eq!(end.code(), Some(0));
}

#[test]
fn the_daemon_ends_while_another_process_holds_the_write_lock() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let registry = sandbox.registry();
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut own_requests = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut own_requests, Duration::from_secs(20), |_| {
            let mut client = daemon.client();
            client.post(CLAIM);
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            assert_eq!(daemon.wait().code(), Some(0));
            assert!(
                client.try_receive("POST").is_err(),
                "a request answered after shutdown began"
            );
        })
        .unwrap();
    registry.verify().unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn a_hangup_signal_does_not_stop_the_daemon() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.signal("HUP");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(daemon.child.try_wait().unwrap().is_none());
}
