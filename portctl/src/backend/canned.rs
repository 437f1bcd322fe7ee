//! A server for tests that answers every request alike.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Sends these bytes in answer to every request, and closes the connection.
pub(crate) fn serve(answer: String) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // The thread ends with the process.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Closing a connection with unread bytes would reset it.
            read_request(&stream);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Makes a response with a body and the header line `identity`.
pub(crate) fn response(status: u16, identity: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\n{identity}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn read_request(stream: &TcpStream) {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while matches!(stream.read_line(&mut line), Ok(3..)) {
        let field = line.to_ascii_lowercase();
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let _ = stream.read_exact(&mut vec![0; length]);
}
