//! The TCP sockets of all users, from the tables of the Linux kernel.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::tcp_socket::{LISTEN, SYN_RECV, SocketDescription};
use crate::types::port::Port;

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpSocket {
    /// The local address.
    pub(crate) address: IpAddr,
    /// The local port.
    pub(crate) port: Port,
    pub(crate) state: SocketState,
    /// The user that the socket belongs to.
    pub(crate) user: u32,
    /// The number that links the socket to the processes that have it open.
    pub(crate) inode: u64,
}

impl TcpSocket {
    /// Returns `None` for connections that are not accepted yet.
    pub(super) fn of(socket: SocketDescription) -> Option<TcpSocket> {
        let state = match (socket.state, socket.inode) {
            (SYN_RECV, _) => return None,
            (LISTEN, _) => SocketState::Listening,
            (_, 0) => SocketState::Closing,
            _ => SocketState::Connected,
        };
        Some(TcpSocket {
            address: socket.local.ip(),
            port: Port::new(socket.local.port()).ok()?,
            state,
            user: socket.user,
            inode: socket.inode,
        })
    }
}

/// The state of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketState {
    Listening,
    /// One end of a connection that a process has open.
    Connected,
    /// One end of a connection that no process has open any more.
    Closing,
}

/// Reads the sockets whose local port is wanted. Returns `None` on systems without these tables, and if one of them
/// cannot be read.
///
/// Sockets that are bound and neither listen nor are connected are missing in them.
pub(crate) fn sockets(is_wanted: impl Fn(Port) -> bool) -> Option<Vec<TcpSocket>> {
    let sockets = tables().ok()?;
    let sockets = sockets.iter().flat_map(|table| table.lines());
    let sockets = sockets.filter_map(parse_row);
    Some(sockets.filter(|it| is_wanted(it.port)).collect())
}

/// Reads the tables of IPv4 and IPv6.
fn tables() -> io::Result<[String; 2]> {
    let of_ipv4 = fs::read_to_string("/proc/net/tcp")?;
    let of_ipv6 = match fs::read_to_string("/proc/net/tcp6") {
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        table => table?,
    };
    Ok([of_ipv4, of_ipv6])
}

/// Reads all sockets with both ends.
///
/// # Errors
///
/// Returns an error on systems without these tables, and if one of them cannot be read.
#[cfg(all(feature = "daemon", target_os = "linux"))]
pub(crate) fn descriptions() -> io::Result<Vec<SocketDescription>> {
    let tables = tables()?;
    let rows = tables.iter().flat_map(|table| table.lines());
    Ok(rows.filter_map(describe_row).collect())
}

/// Tests if a socket of any user listens on a port. Returns `None` on systems without these tables.
pub(crate) fn listens(port: Port) -> Option<bool> {
    let sockets = sockets(|it| it == port)?;
    let mut states = sockets.iter().map(|it| it.state);
    Some(states.any(|it| it == SocketState::Listening))
}

/// Parses a row of a table. Returns `None` for headings and for connections that are not accepted yet.
fn parse_row(row: &str) -> Option<TcpSocket> {
    TcpSocket::of(describe_row(row)?)
}

/// Parses a row of a table with both ends. Returns `None` for headings. The kernel's
/// `Documentation/networking/proc_net_tcp.rst` explains the columns.
fn describe_row(row: &str) -> Option<SocketDescription> {
    let end = |text: &str| {
        let (address, port) = text.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(SocketAddr::new(parse_address(address)?, port))
    };
    let mut columns = row.split_ascii_whitespace();
    Some(SocketDescription {
        local: end(columns.nth(1)?)?,
        remote: end(columns.next()?)?,
        state: u8::from_str_radix(columns.next()?, 16).ok()?,
        user: columns.nth(3)?.parse().ok()?,
        inode: columns.nth(1)?.parse().ok()?,
    })
}

/// Parses an address: groups of four bytes, each a number of this machine in hexadecimal digits.
fn parse_address(address: &str) -> Option<IpAddr> {
    const DIGITS: usize = 8;
    let group = |at: usize| {
        let digits = address.get(at * DIGITS..(at + 1) * DIGITS)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    if address.len() == DIGITS {
        return Some(IpAddr::from(group(0)?));
    }
    let mut bytes = [0; 16];
    for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&group(at)?);
    }
    Some(IpAddr::from(bytes))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::{SocketState, TcpSocket, parse_row};
    use crate::types::port::Port;

    #[test]
    fn a_row_names_both_ends_of_a_connection() {
        let end = |text: &str| -> std::net::SocketAddr { text.parse().unwrap() };
        let loopback = format!("{:08X}", u32::from(Ipv4Addr::LOCALHOST).to_be());
        let row = format!(
            "3: {loopback}:9C40 {loopback}:C822 08 00000000:00000000 00:00000000 00000000 65534 0 9 1"
        );
        let expected = super::SocketDescription {
            state: 8,
            local: end("127.0.0.1:40000"),
            remote: end("127.0.0.1:51234"),
            user: 65534,
            inode: 9,
        };
        assert_eq!(super::describe_row(&row), Some(expected));
        let mapped = format!("{:016}{:08X}{loopback}", 0, 0xffff_u32.to_be());
        let of_ipv6 = super::describe_row(&row.replace(&loopback, &mapped)).unwrap();
        assert_eq!(of_ipv6.remote, end("[::ffff:127.0.0.1]:51234"));
        assert_eq!(super::describe_row("sl local_address rem_address st"), None);
    }

    #[test]
    fn a_row_names_the_address_the_port_the_state_the_user_and_the_inode() {
        let loopback = u32::from(Ipv4Addr::LOCALHOST).to_be();
        let row = &"   1: LOOPBACK:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                   1000        0 21443 1 0000000000000000 100 0 0 10 0"
            .replace("LOOPBACK", &format!("{loopback:08X}"));
        let listener = TcpSocket {
            address: Ipv4Addr::LOCALHOST.into(),
            port: Port::new(0x1538).unwrap(),
            state: SocketState::Listening,
            user: 1000,
            inode: 21443,
        };
        assert_eq!(parse_row(row), Some(listener));
        let last = 1_u32.to_be();
        let address = format!("{loopback:08X}");
        let row_of_ipv6 = row.replace(&address, &format!("{:024}{last:08X}", 0));
        let of_ipv6 = TcpSocket {
            address: Ipv6Addr::LOCALHOST.into(),
            ..listener
        };
        assert_eq!(parse_row(&row_of_ipv6), Some(of_ipv6));
        let state = |row: &str| parse_row(row).map(|it| it.state);
        let connected = row.replace(" 0A ", " 01 ");
        assert_eq!(state(&connected), Some(SocketState::Connected));
        let closing = row.replace(" 0A ", " 06 ").replace("21443", "0");
        assert_eq!(state(&closing), Some(SocketState::Closing));
        assert_eq!(state(&row.replace(" 0A ", " 03 ")), None);
        for odd in [
            "",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "1: :1538 00000000:0000 0A x x x 1 0 7",
            "1: 0100007:1538 00000000:0000 0A x x x 1 0 7",
            "1: x100007F:1538 00000000:0000 0A x x x 1 0 7",
            "1: 0100007F01:1538 00000000:0000 0A x x x 1 0 7",
            "1: \u{e9}\u{e9}\u{e9}\u{e9}:1538 00000000:0000 0A x x x 1 0 7",
            "1: 0100007F:1538 00000000:0000 0A",
            "1: 1538",
            "1: 0100007F:0 00000000:0000 0A x x x 1 0 7",
        ] {
            assert_eq!(parse_row(odd), None, "{odd:?}");
        }
    }
}
