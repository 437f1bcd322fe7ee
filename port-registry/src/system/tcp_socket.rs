//! TCP sockets as the Linux kernel describes them, and the ends of connections.

use std::net::SocketAddr;

// The states of a socket (`include/net/tcp_states.h` of the kernel).
#[cfg(all(feature = "daemon", target_os = "linux"))]
const ESTABLISHED: u8 = 1;
pub(crate) const SYN_RECV: u8 = 3;
pub(crate) const LISTEN: u8 = 10;

/// The states of a socket that a process may have open while it is connected: `ESTABLISHED`, `FIN_WAIT1`, `FIN_WAIT2`,
/// `CLOSE_WAIT`, `LAST_ACK` and `CLOSING`. Not `SYN_SENT`: the socket belongs to a later connection then.
#[cfg(all(feature = "daemon", target_os = "linux"))]
const CONNECTED: [u8; 6] = [ESTABLISHED, 4, 5, 8, 9, 11];

/// A TCP socket, as the kernel describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketDescription {
    /// One of the states above, or another one of the kernel's.
    pub(crate) state: u8,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) user: u32,
    pub(crate) inode: u64,
}

/// Returns an address as its own family has it: a socket for both families has IPv4 addresses as mapped ones.
#[cfg(all(feature = "daemon", target_os = "linux"))]
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// One end of a TCP connection within this machine.
#[cfg(all(feature = "daemon", target_os = "linux"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionEnd {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

#[cfg(all(feature = "daemon", target_os = "linux"))]
impl ConnectionEnd {
    /// Returns the other end of the connection.
    pub(crate) fn other(&self) -> ConnectionEnd {
        ConnectionEnd {
            local: self.remote,
            remote: self.local,
        }
    }

    /// Returns the user of a socket if it is this end. Returns `None` if it is another socket, or if no process has it
    /// open: it waits to be accepted, or is closed.
    pub(crate) fn user_of(&self, socket: &SocketDescription) -> Option<u32> {
        let is_open = self.is(socket) && CONNECTED.contains(&socket.state);
        // Without an inode the kernel names root, whoever the user was.
        (is_open && socket.inode != 0).then_some(socket.user)
    }

    /// Tests if a socket is this end and waits to be accepted.
    pub(crate) fn is_waiting(&self, socket: &SocketDescription) -> bool {
        self.is(socket) && socket.state == ESTABLISHED && socket.inode == 0
    }

    /// Tests if a socket is this end.
    pub(crate) fn is(&self, socket: &SocketDescription) -> bool {
        canonical(socket.local) == canonical(self.local)
            && canonical(socket.remote) == canonical(self.remote)
    }
}

#[cfg(all(test, feature = "daemon", target_os = "linux"))]
mod tests {
    use super::{ConnectionEnd, SocketDescription};

    const CLIENT: [&str; 2] = ["127.0.0.1:40000", "127.0.0.1:51234"];

    fn client() -> ConnectionEnd {
        let [local, remote] = CLIENT.map(|it| it.parse().unwrap());
        ConnectionEnd { local, remote }
    }

    fn socket(ends: [&str; 2]) -> SocketDescription {
        let [local, remote] = ends.map(|it| it.parse().unwrap());
        SocketDescription {
            state: 1,
            local,
            remote,
            user: 1000,
            inode: 7,
        }
    }

    #[test]
    fn the_user_of_an_end_is_the_owner_of_the_open_socket_with_its_addresses() {
        assert_eq!(client().user_of(&socket(CLIENT)), Some(1000));
        let mapped = ["[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:51234"];
        assert_eq!(client().user_of(&socket(mapped)), Some(1000));
        for others in [
            ["127.0.0.1:51234", "127.0.0.1:40000"],
            ["127.0.0.1:40001", "127.0.0.1:51234"],
            ["127.0.0.1:40000", "127.0.0.1:51235"],
            ["127.0.0.2:40000", "127.0.0.1:51234"],
            ["127.0.0.1:40000", "127.0.0.2:51234"],
            ["[::1]:40000", "[::1]:51234"],
        ] {
            assert_eq!(client().user_of(&socket(others)), None, "{others:?}");
        }
    }

    #[test]
    fn a_socket_that_no_process_has_open_names_no_user() {
        let open = socket(CLIENT);
        for state in [1, 4, 5, 8, 9, 11] {
            let half_closed = SocketDescription { state, ..open };
            assert_eq!(client().user_of(&half_closed), Some(1000));
            let orphaned = SocketDescription {
                inode: 0,
                user: 0,
                ..half_closed
            };
            assert_eq!(client().user_of(&orphaned), None);
        }
        // `SYN_SENT`, `SYN_RECV`, `TIME_WAIT`, `CLOSE`, `LISTEN` and `NEW_SYN_RECV`.
        for state in [0, 2, 3, 6, 7, 10, 12, 200] {
            assert_eq!(client().user_of(&SocketDescription { state, ..open }), None);
        }
    }

    #[test]
    fn a_connected_socket_that_no_process_has_got_yet_waits_to_be_accepted() {
        let waiting = SocketDescription {
            inode: 0,
            user: 0,
            ..socket(CLIENT)
        };
        let is_waiting = |it: SocketDescription| client().is_waiting(&it);
        assert!(is_waiting(waiting));
        assert!(!is_waiting(socket(CLIENT)));
        // `SYN_RECV`, which outlives its listener, and the states of one that was closed by the process that accepted it.
        for state in [3, 4, 5, 6, 7, 8, 9, 11] {
            assert!(!is_waiting(SocketDescription { state, ..waiting }));
        }
        let other = SocketDescription {
            local: "127.0.0.1:40001".parse().unwrap(),
            ..waiting
        };
        assert!(!is_waiting(other));
    }
}
