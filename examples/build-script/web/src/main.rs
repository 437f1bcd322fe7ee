//! A web server whose port was reserved when it was built.

use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

/// The port that the build script reserved, for a program that is started without an environment.
const BUILT_PORT: &str = env!("WEB_PORT");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `portctl run web -- cargo run` sets the port as it is now, which may be newer than the build.
    let port = env::var("WEB_PORT").unwrap_or_else(|_| BUILT_PORT.to_owned());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    if env::args().any(|word| word == "--serve") {
        for stream in listener.incoming() {
            stream?.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello\n")?;
        }
    }
    Ok(())
}
