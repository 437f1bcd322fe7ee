//! Fuzzing of the whole server, through its socket.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use port_registry::daemon::AllowedUsers;
use port_registry::{Port, Registry, Verdict};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::api::app_state::AppState;
use crate::connection::listeners::Listeners;
use crate::connection::user_check::UserCheck;
use crate::daemon::serve;
use crate::host_names::HostNames;
use crate::limits;

/// Serves a registry in a folder until the process ends. Returns the address.
pub fn start_server(folder: &Path) -> SocketAddr {
    let registry = Registry::builder()
        .with_path(folder.join("ports.redb"))
        .with_range("3000-3015".parse().expect("a range"))
        .with_probe(|_: Port| Ok(Verdict::Free))
        .open()
        .expect("a registry");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let (state, _) = AppState::start(
                registry,
                address.port(),
                HostNames::Loopback,
                AllowedUsers::all(),
            )
            .expect("threads");
            sender
                .send(address)
                .expect("the caller waits for the address");
            let never = std::future::pending();
            let mut listeners = Listeners::default();
            listeners.add_tcp(listener);
            let users = UserCheck::new(AllowedUsers::all());
            serve::serve(&listeners, state, users, limits::CONNECTIONS, never).await
        })
    });
    receiver.recv().expect("the server has started")
}

/// Sends any data to the server. It must answer with well-formed HTTP, without an internal error, and end.
pub fn request(mut stream: TcpStream, data: &[u8]) {
    const READ_TIMEOUT: Duration = Duration::from_secs(20);
    stream
        .set_read_timeout(Some(READ_TIMEOUT))
        .expect("a socket");
    // The server may close the connection in the middle of the request.
    let _ = stream
        .write_all(data)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    let mut responses = Vec::new();
    match stream.read_to_end(&mut responses) {
        // Systems report a timeout as one or the other.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the server does not end the connection");
        }
        _ => {}
    }
    let mut rest = &responses[..];
    while !rest.is_empty() {
        rest = check_response(rest);
    }
}

/// Checks the first of several responses, and returns the others. A response that is cut off passes, because
/// the connection may have been reset.
fn check_response(responses: &[u8]) -> &[u8] {
    let Some(end) = responses
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
    else {
        return &[];
    };
    let head = str::from_utf8(&responses[..end]).expect("a head is text");
    let status: u16 = head
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| head.strip_prefix("HTTP/1.0 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or_else(|| panic!("{head:?}"));
    assert!(
        (100..500).contains(&status) || [503, 507].contains(&status),
        "{head:?}"
    );
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then_some(value))
    };
    let rest = &responses[end + 4..];
    let length: usize = field("content-length").map_or(0, |it| it.parse().expect("a length"));
    // The response to a HEAD has no body, so the next response follows, or nothing.
    if rest.len() < length || rest.starts_with(b"HTTP/1.") {
        return if rest.starts_with(b"HTTP/1.") {
            rest
        } else {
            &[]
        };
    }
    let (body, rest) = rest.split_at(length);
    if !body.is_empty() {
        assert_eq!(field("content-type"), Some("application/json"), "{head:?}");
        assert!(body.ends_with(b"\n"), "{head:?}");
        let body: Value = serde_json::from_slice(body).expect("a body is JSON");
        // Requests behind the last one of a connection are rejected.
        let error = body["error"].as_str().unwrap_or_default();
        assert!(
            status != 503 || error.starts_with("the connection is closing"),
            "{body}"
        );
    }
    rest
}
