//! `test-listener PORT`: listens on a port of 127.0.0.1, or on a free one for 0, and prints `listening PORT`. It
//! has a session of its own, and ends with its standard input.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::other("usage: test-listener PORT"))?;
    // Otherwise the checkout that the tests are run in would count as that of this process.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("listening {}", listener.local_addr()?.port());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
