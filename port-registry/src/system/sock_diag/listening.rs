//! The listening sockets, from the kernel.
//!
//! The tables in `/proc/net` list them too, but the kernel goes through all its connections for that: 2 ms instead of 40 us
//! on a machine without any.

use std::io::{self, Read, Write};

use socket2::Socket;

use super::message::{self, AF_INET, AF_INET6, NLM_F_REQUEST, NLMSG_ERROR, Request};
use crate::system::tcp_socket::LISTEN;
use crate::system::tcp_table::TcpSocket;

// The kernel's include/uapi/linux/netlink.h and include/net/tcp_states.h.
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_DONE: u16 = 3;
/// The set of states that has only `TCP_LISTEN`.
const LISTENING: u32 = 1 << LISTEN;

/// Returns all listening sockets of this network namespace.
///
/// # Errors
///
/// Returns an error if the kernel or a sandbox does not offer the interface.
pub(crate) fn listening() -> io::Result<Vec<TcpSocket>> {
    let mut kernel = message::open()?;
    let mut sockets = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let request = Request {
            flags: NLM_F_REQUEST | NLM_F_DUMP,
            sequence: 0,
            family,
            states: LISTENING,
            // Any addresses and ports.
            socket: [0; 48],
        };
        kernel.write_all(&request.to_bytes())?;
        receive(&mut kernel, &mut sockets)?;
    }
    Ok(sockets)
}

/// Receives the answer to a request.
fn receive(kernel: &mut Socket, sockets: &mut Vec<TcpSocket>) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = kernel.read(&mut buffer)?;
        let mut rest = &buffer[..length];
        while let Some((message, next)) = message::split_message(rest) {
            match message.kind {
                // A kernel without the module `tcp_diag` lists no sockets and tells the error only here.
                NLMSG_DONE => return message::outcome(message.content),
                NLMSG_ERROR => return Err(io::ErrorKind::Unsupported.into()),
                _ => sockets.extend(message::parse(message.content).and_then(TcpSocket::of)),
            }
            rest = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::net::TcpListener;

    use super::listening;
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
}
