//! Who has a port open right now.

#[cfg(feature = "listeners")]
use std::collections::BTreeMap;
use std::fmt;

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

/// Who it is, as far as that is known, such as `postgres (pid 4711)`. The name of a process may hold what
/// acts on a terminal; [`visible`](crate::visible()) makes it fit to be shown.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, &self.process, self.uid) {
            (Some(pid), Some(process), _) => write!(f, "{process} (pid {pid})"),
            (Some(pid), None, _) => write!(f, "pid {pid}"),
            (None, _, Some(uid)) => write!(f, "another user's process (uid {uid})"),
            (None, _, None) => f.write_str("an unknown process"),
        }
    }
}

impl Listener {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        *self != Listener::default()
    }

    /// Looks for what listens on a port that is [busy](crate::Verdict::Busy). It looks at all
    /// processes, which takes milliseconds.
    #[cfg(feature = "listeners")]
    pub fn find(port: Port) -> Listener {
        find_where(|it| it == port)
            .remove(&port)
            .unwrap_or_default()
    }

    /// Looks for all that listens on this machine, by port: one look at all processes, for those who
    /// want to know of many ports. Of what belongs to other users it finds what
    /// [`find`](Self::find) finds, so on systems that do not tell of it their ports are missing.
    ///
    /// ```
    /// use std::net::TcpListener;
    /// use port_registry::{Listener, Port};
    ///
    /// let server = TcpListener::bind("127.0.0.1:0")?;
    /// let port = Port::new(server.local_addr()?.port())?;
    /// let listeners = Listener::all();
    /// # if cfg!(any(target_os = "linux", target_os = "macos", windows)) {
    /// assert_eq!(listeners[&port].pid, Some(std::process::id()));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "listeners")]
    pub fn all() -> BTreeMap<Port, Listener> {
        find_where(|_| true)
    }

    /// Looks for nothing, without the feature `listeners`.
    #[cfg(not(feature = "listeners"))]
    pub fn find(_: Port) -> Listener {
        Listener::default()
    }
}

/// What listens on the ports that are meant.
#[cfg(feature = "listeners")]
fn find_where(is_meant: impl Fn(Port) -> bool) -> BTreeMap<Port, Listener> {
    use listeners::{Protocol, SocketState};

    let mut found: BTreeMap<Port, Listener> = BTreeMap::new();
    for it in listeners::get_all().unwrap_or_default() {
        let is_listening = it.protocol == Protocol::TCP && it.state == SocketState::Listen;
        let port = Port::new(it.socket.port()).ok();
        let Some(port) = port.filter(|&port| is_listening && is_meant(port)) else {
            continue;
        };
        // Of several that share the port the eldest, as a rule.
        let listener = found.entry(port).or_default();
        if listener.pid.is_none_or(|pid| it.process.pid < pid) {
            listener.pid = Some(it.process.pid);
            listener.process = (!it.process.name.is_empty()).then_some(it.process.name);
        }
    }
    procfs::each_listener(|port, user| {
        if is_meant(port) {
            found.entry(port).or_insert_with(|| Listener {
                uid: Some(user),
                ..Listener::default()
            });
        }
    });
    found
}

/// Sockets as Linux lists them to everybody, those of other users included.
#[cfg(feature = "listeners")]
mod procfs {
    use std::fs;

    use crate::port::Port;

    /// The state of a socket that listens (`TCP_LISTEN` in the kernel's `include/net/tcp_states.h`).
    const LISTEN: &str = "0A";

    /// Shows `see` the port of each socket that listens, and its user.
    pub(super) fn each_listener(mut see: impl FnMut(Port, u32)) {
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let table = fs::read_to_string(table).unwrap_or_default();
            for (port, user) in table.lines().filter_map(listener_in) {
                see(port, user);
            }
        }
    }

    /// The port and the user in a row of the table, if it is of a socket that listens. The columns are
    /// explained in the kernel's `Documentation/networking/proc_net_tcp.rst`.
    pub(super) fn listener_in(row: &str) -> Option<(Port, u32)> {
        let mut columns = row.split_ascii_whitespace();
        let (_, port) = columns.nth(1)?.rsplit_once(':')?;
        let port = Port::new(u16::from_str_radix(port, 16).ok()?).ok()?;
        columns.nth(1).filter(|&state| state == LISTEN)?;
        let user = columns.nth(3)?.parse().ok()?;
        Some((port, user))
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

    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    #[test]
    fn one_look_finds_all_that_finding_each_would_find() {
        let servers: Vec<_> = ["127.0.0.1:0", "0.0.0.0:0", "127.0.0.1:0"]
            .map(|address| TcpListener::bind(address).unwrap())
            .into();
        let client = TcpStream::connect(servers[0].local_addr().unwrap()).unwrap();
        let all = Listener::all();
        for server in &servers {
            let port = Port::new(server.local_addr().unwrap().port()).unwrap();
            assert_eq!(all.get(&port), Some(&Listener::find(port)));
            assert_eq!(all[&port].pid, Some(std::process::id()));
        }
        let client = Port::new(client.local_addr().unwrap().port()).unwrap();
        assert_eq!(all.get(&client), None);
    }

    #[test]
    fn a_socket_of_another_user_is_known_by_its_user() {
        let row = "   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                   1000        0 21443 1 0000000000000000 100 0 0 10 0";
        let listener = (Port::new(0x1538).unwrap(), 1000);
        assert_eq!(procfs::listener_in(row), Some(listener));
        let row_of_ipv6 = row.replace("0100007F", "00000000000000000000000001000000");
        assert_eq!(procfs::listener_in(&row_of_ipv6), Some(listener));
        assert_eq!(procfs::listener_in(&row.replace(" 0A ", " 01 ")), None);
        for odd in [
            "",
            "sl local_address",
            "1: :1538 x 0A",
            "1: 1538",
            "1: :0 x 0A x x x 1",
        ] {
            assert_eq!(procfs::listener_in(odd), None, "{odd:?}");
        }
    }
}
