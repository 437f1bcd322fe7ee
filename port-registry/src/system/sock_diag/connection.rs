//! The client's end of a connection, from the kernel.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use socket2::Socket;

use super::message::{self, AF_INET, AF_INET6, NLM_F_REQUEST, NLMSG_ERROR, Request};
use crate::system::tcp_socket::TcpConnection;

const ENOENT: i32 = 2;

/// The index of the loopback interface, which is the same in every network namespace (`LOOPBACK_IFINDEX`). With it, sockets
/// that are bound to the interface are found too.
const LOOPBACK: u32 = 1;

/// A channel to the kernel for finding the users of clients.
#[derive(Debug)]
pub(crate) struct ClientQuery {
    kernel: Socket,
    sequence: u32,
}

impl ClientQuery {
    /// # Errors
    ///
    /// Returns an error if the kernel or a sandbox does not offer the interface.
    pub(crate) fn open() -> io::Result<ClientQuery> {
        let kernel = message::open()?;
        // The answer is there when the request has been sent.
        kernel.set_nonblocking(true)?;
        Ok(ClientQuery {
            kernel,
            sequence: 0,
        })
    }

    /// Finds the user of the client of a connection, as [`TcpConnection::user_of`] does. It asks for this one socket, which takes
    /// microseconds, and never waits.
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel does not answer. A kernel that cannot look up sockets of TCP says that there are none.
    pub(crate) fn user(&mut self, connection: &TcpConnection) -> io::Result<Option<u32>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = request(connection, self.sequence);
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
                return Ok(connection.user_of(&socket));
            }
            return match message::outcome(message.content) {
                Err(error) if error.raw_os_error() == Some(ENOENT) => Ok(None),
                Err(error) => Err(error),
                Ok(()) => Err(io::ErrorKind::InvalidData.into()),
            };
        }
    }
}

/// Makes the request for the client's socket.
fn request(connection: &TcpConnection, sequence: u32) -> Request {
    let [client, server] = [connection.client, connection.server];
    let mut socket = [0; 48];
    socket[0..2].copy_from_slice(&client.port().to_be_bytes());
    socket[2..4].copy_from_slice(&server.port().to_be_bytes());
    for (address, at) in [(client.ip(), 4), (server.ip(), 20)] {
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
        family: if client.is_ipv4() { AF_INET } else { AF_INET6 },
        states: u32::MAX,
        socket,
    }
}
