//! The messages of `sock_diag(7)`, the interface of the Linux kernel for sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::system::tcp_socket::SocketDescription;

// The kernel's include/uapi/linux/{netlink,sock_diag,inet_diag}.h.
const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
pub(super) const NLM_F_REQUEST: u16 = 1;
pub(super) const NLMSG_ERROR: u16 = 2;
pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;

/// Sizes of `struct nlmsghdr`, `struct inet_diag_req_v2` and `struct inet_diag_msg`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const ANSWER: usize = 72;

/// Time limit for an answer. The kernel gives it without waiting for anything.
const TIMEOUT: Duration = Duration::from_secs(1);

/// A request for TCP sockets.
pub(super) struct Request {
    /// Flags such as [`NLM_F_REQUEST`].
    pub(super) flags: u16,
    /// A number that the answer repeats.
    pub(super) sequence: u32,
    /// The address family.
    pub(super) family: u8,
    /// The set of states, a bit for each.
    pub(super) states: u32,
    /// `struct inet_diag_sockid`: addresses, ports, interface and cookie.
    pub(super) socket: [u8; 48],
}

/// A message of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    pub(super) sequence: u32,
    pub(super) content: &'a [u8],
}

/// Opens a socket to the kernel.
pub(super) fn open() -> io::Result<Socket> {
    let kind = (Domain::from(AF_NETLINK), Type::DGRAM);
    let kernel = Socket::new(kind.0, kind.1, Some(Protocol::from(NETLINK_SOCK_DIAG)))?;
    kernel.set_read_timeout(Some(TIMEOUT))?;
    Ok(kernel)
}

impl Request {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + REQUEST);
        let length = u32::try_from(HEADER + REQUEST).unwrap_or(u32::MAX);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        // The port of the sender does not matter.
        bytes.extend([0; 4]);
        bytes.extend([self.family, IPPROTO_TCP, 0, 0]);
        bytes.extend(self.states.to_ne_bytes());
        bytes.extend(self.socket);
        bytes
    }
}

/// Splits the first message off, and returns what follows.
pub(super) fn split_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = usize::try_from(u32::from_ne_bytes(array(bytes, 0)?)).ok()?;
    let message = Message {
        kind: u16::from_ne_bytes(array(bytes, 4)?),
        sequence: u32::from_ne_bytes(array(bytes, 8)?),
        content: bytes.get(HEADER..length)?,
    };
    // Messages are aligned to 4 bytes.
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((message, next))
}

/// Parses the outcome in the content of a message, an error number below 0.
pub(super) fn outcome(content: &[u8]) -> io::Result<()> {
    match array(content, 0).map(i32::from_ne_bytes) {
        Some(0..) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Parses a `struct inet_diag_msg`.
pub(super) fn parse(content: &[u8]) -> Option<SocketDescription> {
    let content = content.get(..ANSWER)?;
    let address = |at| {
        Some(match *content.first()? {
            AF_INET => IpAddr::from(array::<4>(content, at)?),
            _ => IpAddr::from(array::<16>(content, at)?),
        })
    };
    let port = |at| Some(u16::from_be_bytes(array(content, at)?));
    Some(SocketDescription {
        state: *content.get(1)?,
        local: SocketAddr::new(address(8)?, port(4)?),
        remote: SocketAddr::new(address(24)?, port(6)?),
        user: u32::from_ne_bytes(array(content, 64)?),
        inode: u32::from_ne_bytes(array(content, 68)?).into(),
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{outcome, split_message};

    #[test]
    fn an_error_number_is_no_success() {
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
