//! The end of a daemon.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use std::process::Command;
use std::time::Duration;

use port_registry::{Claim, Filter, Registry, ServiceKey};
use test_support::daemon::{Client, Daemon, PORT_REGISTRY};
use test_support::{Sandbox, wait_until};

use super::fixture::{CLAIM, mode, names_in, pidfile};

#[test]
fn it_leaves_private_files_while_it_runs_and_the_store_when_it_ends() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    let folder = sandbox.home().join(".port-registry");
    assert_eq!(mode(&folder), 0o700);
    let files = [
        "port-registry.pid",
        "port-registry.pid.lock",
        "ports.redb",
        "ports.redb.lock",
    ];
    assert_eq!(names_in(&folder), files);
    for file in files {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", daemon.child.id()));

    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(names_in(&folder), files[1..]);
    wait_until("it says so", || {
        daemon.log().contains("port-registry has stopped")
    });
    // The store was closed: its header does not say that it has to be mended (bit 2 of the byte
    // behind redb's magic number, by its design document).
    assert_eq!(fs::read(sandbox.store()).unwrap()[9] & 2, 0);
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    // And the next one takes over.
    let again = Daemon::start(&sandbox);
    again.ask("GET", "/v1/allocations/1", "").json(200);
}

#[test]
fn it_ends_without_waiting_for_slow_clients() {
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
        // It did not wait until their time was up.
        for client in &mut clients {
            if let Ok(response) = client.try_receive("GET") {
                assert_ne!(response.status, 408, "{response:?}");
            }
        }
        assert!(!pidfile(&sandbox).exists());
    }
}

#[test]
fn a_request_under_way_is_answered_before_it_ends() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    // The writer waits for its turn meanwhile.
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    let mut client = daemon.client();
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut mine = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut mine, Duration::from_secs(20), |_| {
            client.post(CLAIM);
            // Answered after it, so the first one is under way.
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            wait_until("it stops accepting", || {
                TcpStream::connect(daemon.address).is_err()
            });
        })
        .unwrap();
    let answer = client.receive("POST");
    assert_eq!(answer.json(201)["id"], 2);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 2);
}

#[test]
fn a_request_that_has_not_arrived_when_it_ends_is_told_why() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let mut client = daemon.client();
    client.send(b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{");
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.signal("TERM");
    let told = client.receive("POST").json(503);
    assert!(
        told["error"].as_str().unwrap().contains("is stopping"),
        "{told}"
    );
    assert!(client.is_closed());
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn a_standard_error_that_nobody_reads_holds_up_nothing() {
    let sandbox = Sandbox::new();
    let (unread, pipe) = std::io::pipe().unwrap();
    // It writes until the pipe takes no more, and then sleeps.
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
    wait_until("it listens", || TcpStream::connect(address).is_ok());
    let answer = Client::connect(address).ask("GET", "/healthz", "");
    let kill = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(kill.unwrap().success());
    let end = daemon.wait().unwrap();
    filler.kill().unwrap();
    filler.wait().unwrap();
    drop(unread);
    answer.json(200);
    assert_eq!(end.code(), Some(0));
}

#[test]
fn it_ends_in_time_even_when_another_process_keeps_the_store() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut mine = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut mine, Duration::from_secs(20), |_| {
            let mut client = daemon.client();
            client.post(CLAIM);
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            assert_eq!(daemon.wait().code(), Some(0));
            assert!(
                client.try_receive("POST").is_err(),
                "it was not carried out"
            );
        })
        .unwrap();
    registry.verify().unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn a_closed_terminal_does_not_end_it() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.signal("HUP");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(daemon.child.try_wait().unwrap().is_none());
}
