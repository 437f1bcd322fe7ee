//! Servers in place of the daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Starts a server that calls `serve` for every connection, and returns its address.
pub(super) fn serve_each(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The thread ends with the process.
    thread::spawn(move || listener.incoming().flatten().for_each(&serve));
    address
}

/// Reads a whole request and returns its first line, or `None` if it is incomplete.
pub(super) fn read_request(stream: &TcpStream) -> Option<String> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&it| it > 0)?;
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse().ok()).flatten()
    });
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    head.into_iter().next()
}

/// Returns a handler that answers every request with these bytes.
pub(super) fn respond_with(bytes: impl Into<Vec<u8>>) -> impl Fn(TcpStream) + Send + 'static {
    let bytes = bytes.into();
    move |mut stream| {
        while let Ok(1..) = stream.read(&mut [0; 4096]) {
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }
}

/// Formats a response. `identity` is [`IDENTITY`] or other header fields.
pub(super) fn response(status: u16, identity: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{identity}Content-Length: {length}\r\n\r\n{body}")
}

/// The header field by which a daemon identifies itself.
pub(super) const IDENTITY: &str = "X-Port-Registry: 9.9.9; pid=1\r\n";

/// Returns the error that portctl prints about a server, which must be the same for reading and writing
/// commands.
#[track_caller]
pub(super) fn error_about(address: SocketAddr) -> String {
    let sandbox = Sandbox::in_memory();
    let mut errors = Vec::new();
    for args in [&["list", "--all"][..], &["get", "web"], &["health"]] {
        let mut command = sandbox.command(PORTCTL);
        let ran = Ran::of(
            command
                .args(args)
                .env("PORT_REGISTRY_ADDR", address.to_string()),
        );
        let stderr = ran.complained(1).replace(&address.to_string(), "[ADDRESS]");
        let (error, _) = stderr.split_once("\nhint: ").unwrap_or((&stderr, ""));
        assert_eq!(error.lines().count(), 1, "{stderr}");
        errors.push(error.to_owned());
    }
    assert!(!sandbox.store().exists());
    errors.dedup();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}
