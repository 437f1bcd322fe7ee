//! TCP sockets as the Linux kernel describes them, and the client's end of a connection.

use std::net::SocketAddr;

/// The states of a socket that a process may have open while it is connected (`include/net/tcp_states.h` of the kernel):
/// `ESTABLISHED`, `FIN_WAIT1`, `FIN_WAIT2`, `CLOSE_WAIT`, `LAST_ACK` and `CLOSING`. Not `SYN_SENT`: the socket belongs to a later
/// connection then.
#[cfg(all(feature = "daemon", target_os = "linux"))]
const CONNECTED: [u8; 6] = [1, 4, 5, 8, 9, 11];

/// A TCP socket, as the kernel describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketDescription {
    /// A number of `include/net/tcp_states.h`.
    pub(crate) state: u8,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) user: u32,
    pub(crate) inode: u64,
}

/// A TCP connection within this machine.
#[cfg(all(feature = "daemon", target_os = "linux"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpConnection {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
}

#[cfg(all(feature = "daemon", target_os = "linux"))]
impl TcpConnection {
    /// Returns the user of a socket if it is the client's end of this connection. Returns `None` if it is another socket,
    /// or if no process has it open any more.
    pub(crate) fn user_of(&self, socket: &SocketDescription) -> Option<u32> {
        // A socket for both address families has IPv4 addresses as mapped ones.
        let end = |it: SocketAddr| (it.ip().to_canonical(), it.port());
        let is_client = end(socket.local) == end(self.client)
            && end(socket.remote) == end(self.server)
            && CONNECTED.contains(&socket.state);
        // Without an inode the kernel names root, whoever the user was.
        (is_client && socket.inode != 0).then_some(socket.user)
    }
}

#[cfg(all(test, feature = "daemon", target_os = "linux"))]
mod tests {
    use super::{SocketDescription, TcpConnection};

    const CONNECTION: [&str; 2] = ["127.0.0.1:40000", "127.0.0.1:51234"];

    fn connection() -> TcpConnection {
        let [client, server] = CONNECTION.map(|it| it.parse().unwrap());
        TcpConnection { client, server }
    }

    fn end(ends: [&str; 2]) -> SocketDescription {
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
    fn the_client_is_the_owner_of_the_open_socket_with_its_addresses() {
        assert_eq!(connection().user_of(&end(CONNECTION)), Some(1000));
        let mapped = ["[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:51234"];
        assert_eq!(connection().user_of(&end(mapped)), Some(1000));
        for others in [
            ["127.0.0.1:51234", "127.0.0.1:40000"],
            ["127.0.0.1:40001", "127.0.0.1:51234"],
            ["127.0.0.1:40000", "127.0.0.1:51235"],
            ["127.0.0.2:40000", "127.0.0.1:51234"],
            ["127.0.0.1:40000", "127.0.0.2:51234"],
            ["[::1]:40000", "[::1]:51234"],
        ] {
            assert_eq!(connection().user_of(&end(others)), None, "{others:?}");
        }
    }

    #[test]
    fn a_socket_that_no_process_has_open_names_no_user() {
        let open = end(CONNECTION);
        for state in [1, 4, 5, 8, 9, 11] {
            let half_closed = SocketDescription { state, ..open };
            assert_eq!(connection().user_of(&half_closed), Some(1000));
            let orphaned = SocketDescription {
                inode: 0,
                user: 0,
                ..half_closed
            };
            assert_eq!(connection().user_of(&orphaned), None);
        }
        // `SYN_SENT`, `SYN_RECV`, `TIME_WAIT`, `CLOSE`, `LISTEN` and `NEW_SYN_RECV`.
        for state in [0, 2, 3, 6, 7, 10, 12, 200] {
            assert_eq!(
                connection().user_of(&SocketDescription { state, ..open }),
                None
            );
        }
    }
}
