//! The TCP sockets of all users, from the tables of the Linux kernel.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;

use crate::types::port::Port;

/// The states of a socket that count here (`include/net/tcp_states.h` of the kernel).
const LISTEN: &str = "0A";
const SYN_RECV: &str = "03";

/// A TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpSocket {
    /// The local port.
    pub(crate) port: Port,
    pub(crate) state: SocketState,
    /// The user that the socket belongs to.
    pub(crate) user: u32,
    /// The number that links the socket to the processes that have it open.
    pub(crate) inode: u64,
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
    let sockets = rows()?.into_iter().filter_map(|it| parse_row(&it));
    Some(sockets.filter(|it| is_wanted(it.port)).collect())
}

/// Returns the addresses on which sockets of any user listen, for each port that is wanted. There are none on systems
/// without these tables.
pub fn listening_addresses(is_wanted: impl Fn(Port) -> bool) -> BTreeMap<Port, Vec<IpAddr>> {
    let mut addresses: BTreeMap<Port, Vec<IpAddr>> = BTreeMap::new();
    for row in rows().unwrap_or_default() {
        let socket = parse_row(&row).filter(|it| it.state == SocketState::Listening);
        let Some(socket) = socket.filter(|it| is_wanted(it.port)) else {
            continue;
        };
        addresses
            .entry(socket.port)
            .or_default()
            .extend(parse_address(&row));
    }
    addresses
}

/// Reads the rows of both tables.
fn rows() -> Option<Vec<String>> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let table_of_ipv6 = match fs::read_to_string("/proc/net/tcp6") {
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        table => table.ok()?,
    };
    let rows = table.lines().chain(table_of_ipv6.lines());
    Some(rows.map(str::to_owned).collect())
}

/// Tests if a socket of any user listens on a port. Returns `None` on systems without these tables.
pub(crate) fn listens(port: Port) -> Option<bool> {
    let sockets = sockets(|it| it == port)?;
    let mut states = sockets.iter().map(|it| it.state);
    Some(states.any(|it| it == SocketState::Listening))
}

/// Parses a row of a table. Returns `None` for headings and for connections that are not accepted yet. The kernel's
/// `Documentation/networking/proc_net_tcp.rst` explains the columns.
fn parse_row(row: &str) -> Option<TcpSocket> {
    let mut columns = row.split_ascii_whitespace();
    let (_, port) = columns.nth(1)?.rsplit_once(':')?;
    let port = Port::new(u16::from_str_radix(port, 16).ok()?).ok()?;
    let state = columns.nth(1)?;
    let user = columns.nth(3)?.parse().ok()?;
    let inode = columns.nth(1)?.parse().ok()?;
    let state = match (state, inode) {
        (SYN_RECV, _) => return None,
        (LISTEN, _) => SocketState::Listening,
        (_, 0) => SocketState::Closing,
        _ => SocketState::Connected,
    };
    Some(TcpSocket {
        port,
        state,
        user,
        inode,
    })
}

/// Parses the local address of a row: groups of four bytes, each a number of this machine in hexadecimal digits.
fn parse_address(row: &str) -> Option<IpAddr> {
    const DIGITS: usize = 8;
    let (address, _) = row.split_ascii_whitespace().nth(1)?.rsplit_once(':')?;
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
    use super::{SocketState, TcpSocket, parse_address, parse_row};
    use crate::types::port::Port;

    #[test]
    fn a_row_names_the_port_the_state_the_user_and_the_inode() {
        let row = "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                   1000        0 21443 1 0000000000000000 100 0 0 10 0";
        let listener = TcpSocket {
            port: Port::new(0x1538).unwrap(),
            state: SocketState::Listening,
            user: 1000,
            inode: 21443,
        };
        assert_eq!(parse_row(row), Some(listener));
        let row_of_ipv6 = row.replace("0100007F", "00000000000000000000000001000000");
        assert_eq!(parse_row(&row_of_ipv6), Some(listener));
        let state = |row: &str| parse_row(row).map(|it| it.state);
        let connected = row.replace(" 0A ", " 01 ");
        assert_eq!(state(&connected), Some(SocketState::Connected));
        let closing = row.replace(" 0A ", " 06 ").replace("21443", "0");
        assert_eq!(state(&closing), Some(SocketState::Closing));
        assert_eq!(state(&row.replace(" 0A ", " 03 ")), None);
        for odd in [
            "",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "1: :1538 x 0A",
            "1: 1538",
            "1: :0 x 0A x x x 1 0 7",
        ] {
            assert_eq!(parse_row(odd), None, "{odd:?}");
        }
    }
    #[test]
    fn addresses_of_odd_rows_are_left_out() {
        for odd in [
            "",
            "1: 0100007:1538",
            "1: x100007F:1538",
            "1: 0100007F01:1538",
            "1: \u{e9}\u{e9}\u{e9}\u{e9}:1538",
        ] {
            assert_eq!(parse_address(odd), None, "{odd:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn addresses_are_those_that_listen() {
        use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

        use super::listening_addresses;

        let addresses: [IpAddr; 3] = [
            Ipv4Addr::new(127, 0, 0, 2).into(),
            Ipv6Addr::LOCALHOST.into(),
            Ipv6Addr::UNSPECIFIED.into(),
        ];
        for address in addresses {
            // A machine without IPv6 has no such listeners.
            let Ok(server) = TcpListener::bind((address, 0)) else {
                continue;
            };
            let port = Port::new(server.local_addr().unwrap().port()).unwrap();
            let found = listening_addresses(|it| it == port);
            assert!(found[&port].contains(&address), "{found:?}");
        }
    }
}
