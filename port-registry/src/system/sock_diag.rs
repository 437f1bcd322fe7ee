//! The listening sockets, from the interface of the Linux kernel for them, `sock_diag(7)`.
//!
//! The tables in `/proc/net` list them too, but the kernel goes through all its connections for that: 2 ms instead of 40 us
//! on a machine without any.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::tcp_table::{SocketState, TcpSocket};
use crate::types::port::Port;

// The kernel's include/uapi/linux/{netlink,sock_diag,inet_diag}.h and include/net/tcp_states.h.
const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP_REQUEST: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
/// The set of states that has only `TCP_LISTEN`.
const LISTENING: u32 = 1 << 10;

/// Sizes of `struct nlmsghdr`, `struct inet_diag_req_v2` and `struct inet_diag_msg`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const ANSWER: usize = 72;

/// The kernel never waits for anything to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Returns all listening sockets of this network namespace.
///
/// # Errors
///
/// Returns an error if the kernel or a sandbox does not offer the interface.
pub(crate) fn listening() -> io::Result<Vec<TcpSocket>> {
    let kind = (Domain::from(AF_NETLINK), Type::DGRAM);
    let mut kernel = Socket::new(kind.0, kind.1, Some(Protocol::from(NETLINK_SOCK_DIAG)))?;
    kernel.set_read_timeout(Some(TIMEOUT))?;
    let mut sockets = Vec::new();
    for family in [AF_INET, AF_INET6] {
        kernel.write_all(&request(family))?;
        receive(&mut kernel, &mut sockets)?;
    }
    Ok(sockets)
}

/// Makes the request for the listening sockets of an address family.
fn request(family: u8) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + REQUEST);
    let length = u32::try_from(HEADER + REQUEST).unwrap_or(u32::MAX);
    request.extend(length.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(DUMP_REQUEST.to_ne_bytes());
    // The sequence number and the port of the sender do not matter.
    request.extend([0; 8]);
    request.extend([family, IPPROTO_TCP, 0, 0]);
    request.extend(LISTENING.to_ne_bytes());
    // Any addresses and ports.
    request.resize(HEADER + REQUEST, 0);
    request
}

/// Receives the answer to a request.
fn receive(kernel: &mut Socket, sockets: &mut Vec<TcpSocket>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = kernel.read(&mut buffer)?;
        let mut rest = &buffer[..length];
        while let Some((kind, message, next)) = split_message(rest) {
            match kind {
                NLMSG_DONE => return outcome(message),
                NLMSG_ERROR => return Err(io::ErrorKind::Unsupported.into()),
                _ => sockets.extend(parse(message)),
            }
            rest = next;
        }
    }
}

/// Splits the first message off: its type, its content, and what follows.
fn split_message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(u32::from_ne_bytes(array(bytes, 0)?)).ok()?;
    let kind = u16::from_ne_bytes(array(bytes, 4)?);
    let message = bytes.get(HEADER..length)?;
    // Messages are aligned to 4 bytes.
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, message, next))
}

/// Parses the outcome at the end of an answer, an error number below 0. A kernel without the module `tcp_diag` lists no
/// sockets and tells the error only here.
fn outcome(message: &[u8]) -> io::Result<()> {
    match array(message, 0).map(i32::from_ne_bytes) {
        Some(0..) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Parses a `struct inet_diag_msg`.
fn parse(message: &[u8]) -> Option<TcpSocket> {
    let message = message.get(..ANSWER)?;
    let address = match *message.first()? {
        AF_INET => IpAddr::from(array::<4>(message, 8)?),
        _ => IpAddr::from(array::<16>(message, 8)?),
    };
    Some(TcpSocket {
        address,
        port: Port::new(u16::from_be_bytes(array(message, 4)?)).ok()?,
        state: SocketState::Listening,
        user: u32::from_ne_bytes(array(message, 64)?),
        inode: u32::from_ne_bytes(array(message, 68)?).into(),
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::net::TcpListener;

    use super::{listening, outcome, split_message};
    use crate::system::tcp_table;

    #[test]
    fn the_kernel_lists_the_same_sockets_as_its_tables() {
        let servers: Vec<_> = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"]
            .iter()
            .filter_map(|address| TcpListener::bind(address).ok())
            .collect();
        let found = match listening() {
            Ok(found) => found,
            // A sandbox may forbid it, and then the tables are used.
            Err(error) => {
                assert!(env::var_os("CI").is_none(), "{error}");
                return;
            }
        };
        for server in servers {
            let port = server.local_addr().unwrap().port();
            let of_port = |it: &&tcp_table::TcpSocket| it.port.get() == port;
            let in_tables = tcp_table::sockets(|it| it.get() == port).unwrap();
            assert_eq!(found.iter().find(of_port), in_tables.first());
        }
    }

    #[test]
    fn an_error_at_the_end_of_an_answer_is_no_empty_list() {
        const ENOENT: i32 = 2;
        assert!(outcome(&0i32.to_ne_bytes()).is_ok());
        let error = outcome(&(-ENOENT).to_ne_bytes()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ENOENT));
        assert!(outcome(&i32::MIN.to_ne_bytes()).is_err());
        assert!(outcome(&[]).is_err());
    }

    #[test]
    fn truncated_messages_are_left_out() {
        let mut message = vec![0; 20];
        message[0] = 20;
        assert!(split_message(&message).is_some());
        for length in [0, 3, 10, 19] {
            assert_eq!(split_message(&message[..length]), None);
        }
        message[0] = 15;
        assert_eq!(split_message(&message), None);
    }
}
