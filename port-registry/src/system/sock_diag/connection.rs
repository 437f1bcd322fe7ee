//! Single sockets, from the kernel.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::Socket;

use super::message::{self, AF_INET, AF_INET6, NLM_F_REQUEST, NLMSG_ERROR, Request};
use crate::system::tcp_socket::{ConnectionEnd, SocketDescription};

const ENOENT: i32 = 2;

/// The index of the loopback interface, which is the same in every network namespace (`LOOPBACK_IFINDEX`). With it, sockets
/// that are bound to the interface are found too.
const LOOPBACK: u32 = 1;

/// A channel to the kernel for finding sockets by their addresses.
#[derive(Debug)]
pub(crate) struct SocketQuery {
    kernel: Socket,
    sequence: u32,
}

impl SocketQuery {
    /// # Errors
    ///
    /// Returns an error if the kernel or a sandbox does not offer the interface.
    pub(crate) fn open() -> io::Result<SocketQuery> {
        let kernel = message::open()?;
        // The answer is there when the request has been sent.
        kernel.set_nonblocking(true)?;
        Ok(SocketQuery {
            kernel,
            sequence: 0,
        })
    }

    /// Finds the listening socket that a connection to an address leads to, in the same way as [`end`](Self::end).
    ///
    /// # Errors
    ///
    /// Returns the same errors.
    pub(crate) fn listener(&mut self, local: SocketAddr) -> io::Result<Option<SocketDescription>> {
        // No connection has port 0, so the kernel goes on with the listening sockets.
        let remote = match local {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        self.end(&ConnectionEnd { local, remote })
    }

    /// Finds one end of a connection. It asks for this one socket, which takes microseconds, and never waits. The answer
    /// may be a listening socket if the end does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel does not answer. A kernel that cannot look up sockets of TCP says that there are none.
    pub(crate) fn end(&mut self, end: &ConnectionEnd) -> io::Result<Option<SocketDescription>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(end, self.sequence);
        self.kernel.write_all(&request.to_bytes())?;
        let mut buffer = [0; 4096];
        loop {
            let length = self.kernel.read(&mut buffer)?;
            let (message, _) =
                message::split_message(&buffer[..length]).ok_or(io::ErrorKind::InvalidData)?;
            // The answer to an earlier request that failed.
            if message.sequence != self.sequence {
                continue;
            }
            if message.kind != NLMSG_ERROR {
                let socket = message::parse(message.content).ok_or(io::ErrorKind::InvalidData)?;
                return Ok(Some(socket));
            }
            return match message::outcome(message.content) {
                Err(error) if error.raw_os_error() == Some(ENOENT) => Ok(None),
                Err(error) => Err(error),
                Ok(()) => Err(io::ErrorKind::InvalidData.into()),
            };
        }
    }
}

/// Makes the request for a socket.
fn request(end: &ConnectionEnd, sequence: u32) -> Request {
    let [local, remote] = [end.local, end.remote];
    let mut socket = [0; 48];
    socket[0..2].copy_from_slice(&local.port().to_be_bytes());
    socket[2..4].copy_from_slice(&remote.port().to_be_bytes());
    for (address, at) in [(local.ip(), 4), (remote.ip(), 20)] {
        match address {
            IpAddr::V4(address) => socket[at..at + 4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => socket[at..at + 16].copy_from_slice(&address.octets()),
        }
    }
    socket[36..40].copy_from_slice(&LOOPBACK.to_ne_bytes());
    // Any cookie (`INET_DIAG_NOCOOKIE`).
    socket[40..].fill(0xff);
    Request {
        flags: NLM_F_REQUEST,
        sequence,
        family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
        states: u32::MAX,
        socket,
    }
}
