//! Who has a port open right now.

use crate::port::Port;

/// What has a port open on this machine. Which process it is, is known with the feature
/// `listeners`, where the system shows it to this user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Listener {
    /// The process.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pid: Option<u32>,
    /// The name of the process, as the system shortens it (on Linux to 15 bytes, proc(5)).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub process: Option<String>,
    /// The user it belongs to, where nothing else of it is known: the process of another user. Only
    /// Linux says so.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uid: Option<u32>,
}

impl Listener {
    /// Looks for what listens on a port that is [busy](crate::Verdict::Busy). It looks at all
    /// processes, which takes milliseconds.
    #[cfg(feature = "listeners")]
    pub fn find(port: Port) -> Listener {
        use listeners::{Protocol, SocketState};

        let all = listeners::get_all().unwrap_or_default();
        let listening = all.into_iter().filter(|it| {
            it.socket.port() == port.get()
                && it.protocol == Protocol::TCP
                && it.state == SocketState::Listen
        });
        // Of several that share the port the eldest, as a rule.
        let process = listening.map(|it| it.process).min_by_key(|it| it.pid);
        match process {
            Some(process) => Listener {
                pid: Some(process.pid),
                process: (!process.name.is_empty()).then_some(process.name),
                uid: None,
            },
            None => Listener {
                uid: procfs::user_listening_on(port),
                ..Listener::default()
            },
        }
    }

    /// Looks for nothing, without the feature `listeners`.
    #[cfg(not(feature = "listeners"))]
    pub fn find(_: Port) -> Listener {
        Listener::default()
    }
}

/// Sockets as Linux lists them to everybody, those of other users included.
#[cfg(feature = "listeners")]
mod procfs {
    use std::fs;

    use crate::port::Port;

    /// The state of a socket that listens (`TCP_LISTEN` in the kernel's `include/net/tcp_states.h`).
    const LISTEN: &str = "0A";

    pub(super) fn user_listening_on(port: Port) -> Option<u32> {
        ["/proc/net/tcp", "/proc/net/tcp6"]
            .into_iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .find_map(|table| {
                let mut rows = table.lines();
                rows.find_map(|row| user_in(row, port))
            })
    }

    /// The user in a row of the table, if it is of a socket that listens on the port. The columns are
    /// explained in the kernel's `Documentation/networking/proc_net_tcp.rst`.
    pub(super) fn user_in(row: &str, port: Port) -> Option<u32> {
        let columns: Vec<&str> = row.split_ascii_whitespace().collect();
        let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
        let is_meant = u16::from_str_radix(local_port, 16) == Ok(port.get())
            && columns.get(3) == Some(&LISTEN);
        if is_meant {
            columns.get(7)?.parse().ok()
        } else {
            None
        }
    }
}

#[cfg(all(test, feature = "listeners"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::{Listener, procfs};
    use crate::port::Port;

    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    #[test]
    fn this_process_is_found_where_it_listens_and_not_where_it_is_a_client() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let find = |port| Listener::find(Port::new(port).unwrap());
        let found = find(address.port());
        assert_eq!(found.pid, Some(std::process::id()));
        assert!(found.process.is_some());
        assert_eq!(
            find(client.local_addr().unwrap().port()),
            Listener::default()
        );
    }

    #[test]
    fn a_socket_of_another_user_is_known_by_its_user() {
        let row = "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                   1000        0 21443 1 0000000000000000 100 0 0 10 0";
        let user_in = |row: &str, port| procfs::user_in(row, Port::new(port).unwrap());
        assert_eq!(user_in(row, 0x1538), Some(1000));
        assert_eq!(user_in(row, 0x1539), None);
        assert_eq!(user_in(&row.replace(" 0A ", " 01 "), 0x1538), None);
        for odd in ["", "sl local_address", "1: :1538 x 0A", "1: 1538"] {
            assert_eq!(user_in(odd, 0x1538), None, "{odd:?}");
        }
    }
}
