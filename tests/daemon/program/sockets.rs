//! The sockets that the daemon listens on: both loopback addresses, and the Unix socket beside the pidfile.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use port_registry::daemon::Presence;
use test_support::Sandbox;
use test_support::daemon::{Client, Daemon};

use super::fixture::{failure, mode, pidfile};

fn socket(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".port-registry/port-registry.sock")
}

/// Asks for the health over a Unix socket.
fn health(socket: &Path) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_daemon_answers_at_both_loopback_addresses() {
    let sandbox = Sandbox::new();
    let v6 = |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let daemon = Daemon::start(&sandbox);
    if TcpListener::bind(v6(0)).is_ok() {
        let mut client = Client::connect(v6(daemon.address.port()));
        client.ask("GET", "/healthz", "").json(200);
    }
    Client::connect(daemon.address)
        .ask("GET", "/healthz", "")
        .json(200);
}

#[test]
fn the_unix_socket_is_private_and_replaces_that_of_a_killed_daemon() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let socket = socket(&sandbox);
    for _ in 0..2 {
        assert_eq!(mode(&socket), 0o600);
        assert!(health(&socket).starts_with("HTTP/1.1 200 "));
        daemon.child.kill().unwrap();
        daemon.wait();
        assert!(socket.exists());
        daemon = Daemon::start(&sandbox);
    }
    daemon.signal("TERM");
    daemon.wait();
    assert!(!socket.exists());
}

#[test]
fn what_is_no_socket_of_a_killed_daemon_is_left_alone() {
    let sandbox = Sandbox::new();
    let socket = socket(&sandbox);
    fs::create_dir(socket.parent().unwrap()).unwrap();
    fs::write(&socket, "mine").unwrap();
    let message = failure(&sandbox, &["--port", "0"]);
    let path = "error: [SANDBOX]/home/.port-registry/port-registry.sock";
    let rest = "; it was left unchanged; choose another pidfile with --pidfile";
    assert!(
        message.ends_with(&format!("{path} is not a socket{rest}")),
        "{message}"
    );
    assert_eq!(fs::read(&socket).unwrap(), b"mine");
    fs::remove_file(&socket).unwrap();

    let _other = UnixListener::bind(&socket).unwrap();
    let message = failure(&sandbox, &["--port", "0"]);
    let taken = format!("{path} is the socket of another program{rest}");
    assert!(message.ends_with(&taken), "{message}");
    assert!(UnixStream::connect(&socket).is_ok());
}

#[test]
fn the_daemon_keeps_away_from_a_socket_that_took_the_place_of_its_own() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let socket = socket(&sandbox);
    fs::remove_file(&socket).unwrap();
    let _other = UnixListener::bind(&socket).unwrap();
    daemon.signal("TERM");
    daemon.wait();
    assert!(UnixStream::connect(&socket).is_ok());
}

#[test]
fn a_path_that_is_too_long_for_a_socket_leaves_the_port() {
    let sandbox = Sandbox::new();
    let pidfile = sandbox.home().join(format!("{}.pid", "x".repeat(120)));
    let daemon = Daemon::start_with(&sandbox, &["--pidfile", pidfile.to_str().unwrap()]);
    daemon.ask("GET", "/healthz", "").json(200);
    let log = daemon.log();
    assert!(log.contains("cannot listen on the Unix socket "), "{log}");
}

#[test]
fn nobody_else_gets_the_port_while_the_lock_names_it() {
    for _ in 0..3 {
        let sandbox = Sandbox::new();
        let mut daemon = Daemon::start(&sandbox);
        let _idle: Vec<TcpStream> = (0..5)
            .map(|_| TcpStream::connect(daemon.address).unwrap())
            .collect();
        daemon.signal("TERM");
        let _other = loop {
            if let Ok(listener) = TcpListener::bind(daemon.address) {
                break listener;
            }
        };
        let presence = Presence::of(&pidfile(&sandbox)).unwrap();
        assert!(
            !matches!(presence, Presence::Running { .. }),
            "{presence:?}"
        );
        daemon.wait();
    }
}
