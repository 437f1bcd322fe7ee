//! An HTTP client, which does as little as possible.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::report::BenchResult;

/// A keep-alive connection.
pub(crate) struct HttpClient {
    stream: BufReader<TcpStream>,
}

impl HttpClient {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<HttpClient> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(HttpClient {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// Reads a response, and returns its status.
    pub(crate) fn receive(&mut self) -> io::Result<u16> {
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().map_err(io::Error::other)?;
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.trim_end().parse().map_err(io::Error::other)?;
            } else if line == "\r\n" {
                self.stream.read_exact(&mut vec![0; length])?;
                return Ok(status);
            }
        }
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<u16> {
        self.send(method, path, body)?;
        self.receive()
    }

    /// Allocates a port for a new service, and returns the time that it took.
    pub(crate) fn allocate(&mut self) -> BenchResult<Duration> {
        let body = next_claim();
        let start = Instant::now();
        self.send("POST", "/v1/allocations", &body)?;
        self.receive_allocation()?;
        Ok(start.elapsed())
    }

    pub(crate) fn receive_allocation(&mut self) -> BenchResult<()> {
        match self.receive()? {
            201 => Ok(()),
            status => Err(format!("an allocation got the status {status}").into()),
        }
    }
}

pub(crate) fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn next_claim() -> String {
    let number = next_number();
    format!(
        r#"{{"app":"project-{}","instance":"feature-{}","service":"service-{number}","dir":"/home/me/project"}}"#,
        number % 97,
        number % 389
    )
}
