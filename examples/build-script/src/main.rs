//! A web server whose port was reserved when it was built.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

/// The port that the build script reserved.
const WEB_PORT: &str = env!("WEB_PORT");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, WEB_PORT.parse()?))?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    if std::env::args().any(|word| word == "--serve") {
        for stream in listener.incoming() {
            stream?.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello\n")?;
        }
    }
    Ok(())
}
