//! `test-http ADDRESS STATUS...`: answers HTTP requests at an address such as `[::1]:3000`, each with the next
//! status, and further ones with the last. Prints `listening PORT`, and then the first line and the host of each request.
//! It ends with its standard input.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::thread;

fn main() -> io::Result<()> {
    let mut words = env::args().skip(1);
    let address = words.next().and_then(|it| it.parse().ok());
    let statuses: Vec<String> = words.collect();
    let (Some(address), [_, ..]) = (address, &statuses[..]) else {
        return Err(io::Error::other("usage: test-http ADDRESS STATUS..."));
    };
    let address: SocketAddr = address;
    let listener = TcpListener::bind(address)?;
    println!("listening {}", listener.local_addr()?.port());
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let mut answered = 0;
    for stream in listener.incoming() {
        let status = &statuses[answered.min(statuses.len() - 1)];
        // A client that only looks if a server listens closes the connection, or resets it.
        if let Ok(true) = stream.and_then(|it| answer(&it, status)) {
            answered += 1;
        }
    }
    Ok(())
}

/// Answers a request. Returns false if there is none.
fn answer(mut stream: &TcpStream, status: &str) -> io::Result<bool> {
    let mut lines = BufReader::new(stream).lines();
    let Some(request) = lines.next().transpose()? else {
        return Ok(false);
    };
    let mut host = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("host")
        {
            value.clone_into(&mut host);
        }
    }
    println!("{request} {host}");
    let location = "Location: http://localhost:1/\r\n";
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\n{location}Content-Length: 0\r\n\r\n"
    )?;
    Ok(true)
}
