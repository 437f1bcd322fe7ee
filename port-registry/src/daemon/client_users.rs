//! The users of the daemon's TCP clients, as the Linux kernel tells them.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::system::sock_diag::connection::SocketQuery;
use crate::system::tcp_socket::ConnectionEnd;
use crate::system::{tcp_table, user};

/// The user that stands for those that a user namespace does not know (`/proc/sys/kernel/overflowuid`).
const OVERFLOW_USER: u32 = 65534;

/// A connection on the loopback address takes no longer, unless a filter drops it.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(1);

/// A source that tells the users of TCP clients on this machine.
///
/// The user of a client is that of its socket, as long as a process has it open. The user of a client that has closed it
/// already is unknown.
#[derive(Debug)]
pub struct ClientUsers {
    /// `None` if only the kernel's tables tell.
    query: Option<SocketQuery>,
    /// The id that stands for every user outside of this user namespace.
    stand_in: Option<u32>,
}

impl ClientUsers {
    /// Finds a source that works here, by a trial. Returns `None` if the system tells nothing.
    pub fn find() -> Option<ClientUsers> {
        let mut users = ClientUsers {
            query: SocketQuery::open().ok(),
            stand_in: stand_in(),
        };
        let Ok(trial) = Trial::connect() else {
            // A sandbox may deny the trial. The tables are right wherever they can be read.
            users.query = None;
            return fs::read("/proc/net/tcp").is_ok().then_some(users);
        };
        let (client, server) = (trial.client, trial.server);
        // A kernel without the module `inet_diag` says that there is no such socket.
        if !names_this_user(users.user(client, server)) {
            users.query = None;
            if !names_this_user(ClientUsers::user_in_tables(client, server)) {
                return None;
            }
        }
        Some(users)
    }

    /// Finds the user of a client quickly. Returns `None` if it is unknown.
    ///
    /// # Errors
    ///
    /// Returns an error if only [the tables](Self::user_in_tables) tell.
    pub fn user(&mut self, client: SocketAddr, server: SocketAddr) -> io::Result<Option<u32>> {
        let end = end(client, server);
        let query = self.query.as_mut().ok_or(ErrorKind::Unsupported)?;
        let socket = query.end(&end).or_else(|_| {
            *query = SocketQuery::open()?;
            query.end(&end)
        })?;
        Ok(socket.and_then(|it| end.user_of(&it)))
    }

    /// Finds the user of a client by going through all sockets, which may take milliseconds.
    ///
    /// # Errors
    ///
    /// Returns an error if the tables cannot be read.
    pub fn user_in_tables(client: SocketAddr, server: SocketAddr) -> io::Result<Option<u32>> {
        let end = end(client, server);
        let user = || {
            let sockets = tcp_table::descriptions()?;
            Ok(sockets.iter().find_map(|it| end.user_of(it)))
        };
        match user()? {
            // The kernel writes the tables out piece by piece, and may skip a socket while others come and go.
            None => user(),
            user => Ok(user),
        }
    }

    /// Tests if an id names one user. The one that stands for all users outside of a namespace does not.
    pub fn names_one(&self, user: u32) -> bool {
        self.stand_in != Some(user)
    }
}

/// The client's end of a connection.
fn end(client: SocketAddr, server: SocketAddr) -> ConnectionEnd {
    ConnectionEnd {
        local: client,
        remote: server,
    }
}

/// A connection of this process with itself.
struct Trial {
    client: SocketAddr,
    server: SocketAddr,
    _sockets: (TcpListener, TcpStream),
}

impl Trial {
    fn connect() -> io::Result<Trial> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = listener.local_addr()?;
        let stream = TcpStream::connect_timeout(&server, TRIAL_TIMEOUT)?;
        Ok(Trial {
            client: stream.local_addr()?,
            server,
            _sockets: (listener, stream),
        })
    }
}

fn names_this_user(user: io::Result<Option<u32>>) -> bool {
    user.is_ok_and(|it| it.is_some_and(user::is_own_id))
}

/// Returns the id that stands for every user outside of this user namespace, if there are any.
pub(super) fn stand_in() -> Option<u32> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    (!maps_all(&map)).then_some(OVERFLOW_USER)
}

/// Tests if a user namespace has all users of the system (`user_namespaces(7)`).
fn maps_all(map: &str) -> bool {
    let counts = map.lines().map(|line| {
        let mut columns = line.split_ascii_whitespace();
        columns.nth(2)?.parse::<u64>().ok()
    });
    counts.flatten().sum::<u64>() >= u32::MAX.into()
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

    use super::{ClientUsers, maps_all};
    use crate::system::user;

    /// Asks both sources.
    fn users(client: SocketAddr, server: SocketAddr) -> [Option<u32>; 2] {
        // A sandbox may deny the first one.
        let in_tables = ClientUsers::user_in_tables(client, server).unwrap();
        let found = ClientUsers::find().unwrap().user(client, server);
        [found.unwrap_or(in_tables), in_tables]
    }

    fn connect(server: &str, to: impl Fn(u16) -> String) -> Option<(TcpStream, TcpStream)> {
        let listener = TcpListener::bind(server).ok()?;
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(to(port)).unwrap();
        Some((client, listener.accept().unwrap().0))
    }

    #[test]
    fn the_user_of_an_open_client_is_found_on_both_addresses_and_after_it_has_sent_everything() {
        let own = [user::user(); 2];
        assert!(own[0].is_some());
        for (server, to) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("127.0.0.1:0", "[::ffff:127.0.0.1]"),
            ("[::1]:0", "[::1]"),
        ] {
            let Some((client, accepted)) = connect(server, |port| format!("{to}:{port}")) else {
                continue;
            };
            let ends = (
                accepted.peer_addr().unwrap(),
                accepted.local_addr().unwrap(),
            );
            assert_eq!(users(ends.0, ends.1), own);
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(users(ends.0, ends.1), own);
            drop(client);
            assert_eq!(users(ends.0, ends.1), [None; 2]);
        }
    }

    #[test]
    fn a_server_on_the_port_of_a_client_that_is_gone_is_not_the_client() {
        let (client, accepted) =
            connect("127.0.0.1:0", |port| format!("127.0.0.1:{port}")).unwrap();
        let ends = (
            accepted.peer_addr().unwrap(),
            accepted.local_addr().unwrap(),
        );
        // It resets the connection, so that its port is available at once.
        accepted.set_nodelay(true).unwrap();
        drop(accepted);
        drop(client);
        if let Ok(_server) = TcpListener::bind(ends.0) {
            assert_eq!(users(ends.0, ends.1), [None; 2]);
        }
    }

    #[test]
    fn only_a_namespace_with_all_users_needs_no_stand_in() {
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(maps_all("0 0 1000\n1000 1000 4294966295\n"));
        for map in [
            "",
            "0 1000 1\n",
            // The usual one of a rootless container has a user of its own with the number of the stand-in.
            "0 1000 1\n1 100000 65536\n",
            "0 0\n",
            "x y z\n",
        ] {
            assert!(!maps_all(map), "{map:?}");
        }
    }
}
