//! Bytes over a connected socket, with the time limits of requests.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use socket2::Socket;
use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

/// A connected socket and its buffers.
#[derive(Debug)]
pub(crate) struct SocketTransport {
    socket: Socket,
    buffers: LazyBuffers,
}

impl SocketTransport {
    pub(super) fn new(socket: Socket, buffers: LazyBuffers) -> SocketTransport {
        SocketTransport { socket, buffers }
    }

    /// Tests that the other end has neither closed the connection nor sent bytes that belong to no request.
    fn is_idle(&self) -> io::Result<bool> {
        self.socket.set_nonblocking(true)?;
        let is_idle = match (&self.socket).read(&mut [0]) {
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        self.socket.set_nonblocking(false)?;
        Ok(is_idle)
    }
}

impl Transport for SocketTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let limit = limit_of(timeout)?;
        self.socket.set_write_timeout(limit)?;
        let output = &self.buffers.output()[..amount];
        (&self.socket)
            .write_all(output)
            .map_err(|error| error_within(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let limit = limit_of(timeout)?;
        let end = limit.map(|limit| Instant::now() + limit);
        let input = self.buffers.input_append_buf();
        let mut left = limit;
        let amount = loop {
            self.socket.set_read_timeout(left)?;
            match (&self.socket).read(input) {
                // A signal ends the wait of a socket that has a time limit.
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    left = end.map(|end| end.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return Err(Error::Timeout(timeout.reason));
                    }
                }
                read => break read.map_err(|error| error_within(error, timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.is_idle().unwrap_or(false)
    }
}

/// Returns the time that is left, or `None` if there is no limit.
fn limit_of(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(timeout.not_zero().map(|limit| *limit))
}

fn error_within(error: io::Error, timeout: NextTimeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}
