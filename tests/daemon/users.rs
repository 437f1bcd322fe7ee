//! Users: the daemon serves its own and those that it is told to, and nobody whom the kernel does not name.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::json;
use socket2::{Domain, SockRef, Socket, Type};
use test_support::daemon::{Client, Daemon, PORT_REGISTRY};
use test_support::{NOBODY, Ran, STRANGER, Sandbox, give_away, is_available, wait_until};

const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

fn request() -> String {
    let head = "POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{CLAIM}", CLAIM.len())
}

/// Connects with a socket of another user, as the kernel sees it. Returns `None` if only root can make one.
fn connect_as(user: u32, address: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    if !give_away(&socket, user) {
        return None;
    }
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    Some(stream)
}

/// Sends a request, and returns the whole answer.
fn ask(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.write_all(request().as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn allocations(daemon: &Daemon) -> usize {
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    listed.as_array().unwrap().len()
}

#[test]
fn another_user_is_refused_on_each_address_and_told_so_in_the_log() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let port = daemon.address.port();
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let address: SocketAddr = format!("{host}:{port}").parse().unwrap();
        if TcpStream::connect(address).is_err() {
            continue;
        }
        let Some(stream) = connect_as(STRANGER, address) else {
            return;
        };
        let answer = ask(stream);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        let body = r#"{"error":"this daemon does not serve user 54321, whose connection this is; its user can run `portctl restart --allow-users 54321`, which replaces the list of users in force","code":"forbidden"}"#;
        assert!(answer.ends_with(&format!("\r\n\r\n{body}\n")), "{answer}");
    }
    assert_eq!(allocations(&daemon), 0);
    wait_until("the log names the user", || {
        let named = "refused a connection of user 54321\n";
        daemon.log().contains(named)
    });
}

#[test]
fn the_log_names_a_user_who_has_a_name() {
    let sandbox = Sandbox::new();
    if fs::metadata(sandbox.path()).unwrap().uid() == NOBODY {
        let _ = writeln!(
            io::stderr(),
            "skipped: the only other user with a name is this one"
        );
        return;
    }
    let daemon = Daemon::start(&sandbox);
    let Some(_nobody) = connect_as(NOBODY, daemon.address) else {
        return;
    };
    wait_until("the log names the user", || {
        let named = "refused a connection of user 65534 (nobody)\n";
        daemon.log().contains(named)
    });
}

#[test]
fn a_program_of_another_user_is_refused() {
    let sandbox = Sandbox::new();
    if !sandbox.admits_nobody() {
        return;
    }
    let mut trial = sandbox.as_nobody();
    let trial = trial.args(["curl", "--version"]).current_dir("/");
    if !is_available("curl", trial) {
        return;
    }
    let daemon = Daemon::start(&sandbox);
    let mut curl = sandbox.as_nobody();
    let url = format!("http://{}/v1/allocations", daemon.address);
    curl.args(["curl", "-sS", "--fail-with-body", "-d", CLAIM, &url]);
    let ran = Ran::of(curl.current_dir("/"));
    assert_eq!(ran.code, Some(22), "{}", ran.stderr);
    assert!(
        ran.stdout.contains(r#""code":"forbidden""#),
        "{}",
        ran.stdout
    );
    assert_eq!(allocations(&daemon), 0);
}

#[test]
fn users_who_are_named_are_served() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start_with(&sandbox, &["--allow-users", "nobody,54320"]);
    for (user, status) in [(NOBODY, 201), (54320, 409), (STRANGER, 403)] {
        let Some(stream) = connect_as(user, daemon.address) else {
            return;
        };
        let answer = ask(stream);
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{user}: {answer}");
    }
    drop(daemon);
    let daemon = Daemon::start_with(&sandbox, &["--allow-users", "all"]);
    let answer = ask(connect_as(STRANGER, daemon.address).unwrap());
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
}

#[test]
fn unknown_users_are_a_usage_error() {
    let sandbox = Sandbox::new();
    for (users, problem) in [
        (
            "no-such-user",
            r#"there is no user "no-such-user" in /etc/passwd; give the number of the user"#,
        ),
        (
            "",
            "the users are names or numbers separated by commas, or `all`",
        ),
    ] {
        let ran = sandbox.run(&*PORT_REGISTRY, &["--allow-users", users]);
        let message = ran.complained(2);
        assert!(message.contains(problem), "{message}");
    }
}

/// A socket that no process has open any more names nobody, not even its own user.
#[test]
fn a_client_that_has_left_before_it_is_looked_at_is_not_served() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let port = daemon.address.port();
    let mut addresses = vec![daemon.address];
    let v6: SocketAddr = format!("[::1]:{port}").parse().unwrap();
    addresses.extend(TcpStream::connect(v6).map(|_| v6));
    daemon.suspend();
    for number in 0..100 {
        let address = addresses[number % addresses.len()];
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request().as_bytes()).unwrap();
        match number / 2 % 3 {
            0 => {}
            1 => stream.shutdown(Shutdown::Write).unwrap(),
            // Its end is a reset.
            _ => SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap(),
        }
    }
    // They are the last in the queues.
    let mut waiting: Vec<_> = addresses.into_iter().map(Client::connect).collect();
    daemon.signal("CONT");
    for client in &mut waiting {
        client.ask("GET", "/healthz", "").json(200);
    }
    assert_eq!(allocations(&daemon), 0);
    assert!(
        daemon
            .log()
            .contains("refused a connection of an unknown user\n")
    );
}

#[test]
fn a_client_that_has_sent_everything_and_waits_is_served() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    daemon.suspend();
    let mut stream = TcpStream::connect(daemon.address).unwrap();
    stream.write_all(request().as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    daemon.signal("CONT");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[test]
fn connections_of_other_users_leave_room_for_its_own() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let mut strangers = Vec::new();
    for _ in 0..100 {
        let Some(stream) = connect_as(STRANGER, daemon.address) else {
            return;
        };
        strangers.push(stream);
    }
    daemon.ask("GET", "/healthz", "").json(200);
    // A few stay open to be told the reason.
    let is_open = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let read = (&*stream).read(&mut [0]);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    };
    wait_until("the others are closed", || {
        strangers.iter().filter(|it| is_open(it)).count() <= 16
    });
    assert_eq!(
        daemon.ask("GET", "/v1/allocations", "").json(200),
        json!([])
    );
    wait_until("the log counts them", || {
        let counted = "left out similar lines (connections of other users): ";
        daemon.log().contains(counted)
    });
}
