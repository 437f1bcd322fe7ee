//! Servers in the place of the daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// A server that treats every connection alike.
pub(super) fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process.
    thread::spawn(move || listener.incoming().flatten().for_each(&serve));
    address
}

/// Reads a request to its end; gives its first line.
pub(super) fn whole_request(stream: &TcpStream) -> Option<String> {
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

/// Answers every request with these bytes.
pub(super) fn answers(bytes: impl Into<Vec<u8>>) -> impl Fn(TcpStream) + Send + 'static {
    let bytes = bytes.into();
    move |mut stream| {
        while let Ok(1..) = stream.read(&mut [0; 4096]) {
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }
}

/// An answer with a body, by something that says that it is a port registry, or does not.
pub(super) fn answer(status: u16, identity: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{identity}Content-Length: {length}\r\n\r\n{body}")
}

pub(super) const IDENTITY: &str = "X-Port-Registry: 9.9.9; pid=1\r\n";

/// What is told of a server, for a question and for something to be done.
#[track_caller]
pub(super) fn told_of(address: SocketAddr) -> String {
    let sandbox = Sandbox::new();
    let mut told = Vec::new();
    for words in [&["list", "--all"][..], &["get", "web"], &["health"]] {
        let mut command = sandbox.command(PORTCTL);
        let ran = Ran::of(
            command
                .args(words)
                .env("PORT_REGISTRY_ADDR", address.to_string()),
        );
        let complaint = ran.complained(1).replace(&address.to_string(), "[ADDRESS]");
        let (error, _) = complaint.split_once("\nhint: ").unwrap_or((&complaint, ""));
        assert_eq!(error.lines().count(), 1, "{complaint}");
        told.push(error.to_owned());
    }
    assert!(!sandbox.store().exists());
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}
