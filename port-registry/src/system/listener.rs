//! Listeners: the processes that have ports open.

#[cfg(feature = "listeners")]
use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "serde")]
use std::path::Path;
use std::path::PathBuf;

#[cfg(feature = "listeners")]
use crate::system::procfs;
use crate::types::port::Port;

/// The process that has a port open on this machine.
///
/// The fields are set only with the feature `listeners`, and only if the system shows the process to this user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Listener {
    /// The number of the process.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pid: Option<u32>,
    /// The name of the process, which the system may truncate (Linux does after 15 bytes, proc(5)).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub process: Option<String>,
    /// The user that the process belongs to, if nothing else is known because it is another user. Only Linux tells.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uid: Option<u32>,
    /// The working folder of the process. Only Linux tells, and not for processes in containers, whose paths mean other
    /// folders. In JSON, `U+FFFD` replaces what is not UTF-8 in the path.
    #[cfg_attr(
        feature = "serde",
        serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "serialize_lossy"
        )
    )]
    pub dir: Option<PathBuf>,
}

/// Describes the process, as in `postgres (pid 4711, in /home/me/shop)`. Escape the text before you show it on a
/// terminal, because names of processes and folders may contain control characters.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = self.dir.as_ref().map(|dir| dir.display());
        match (self.pid, &self.process, dir) {
            (Some(pid), Some(process), Some(dir)) => write!(f, "{process} (pid {pid}, in {dir})"),
            (Some(pid), Some(process), None) => write!(f, "{process} (pid {pid})"),
            (Some(pid), None, Some(dir)) => write!(f, "pid {pid} (in {dir})"),
            (Some(pid), None, None) => write!(f, "pid {pid}"),
            (None, ..) => match self.uid {
                Some(uid) => write!(f, "another user's process (uid {uid})"),
                None => f.write_str("an unknown process"),
            },
        }
    }
}

/// Serializes a path as text, because `serde` refuses one that is not UTF-8.
#[cfg(feature = "serde")]
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn serialize_lossy<S: serde::Serializer>(
    dir: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = dir.as_deref().map(Path::to_string_lossy);
    serde::Serialize::serialize(&text, serializer)
}

impl Listener {
    /// Tests if anything is known about the process.
    pub fn is_known(&self) -> bool {
        *self != Listener::default()
    }

    /// Finds the process that listens on a port that is [busy](crate::Verdict::Busy).
    ///
    /// It searches all processes, which takes milliseconds. Without the feature `listeners` nothing is known about
    /// the process.
    #[cfg(feature = "listeners")]
    pub fn find(port: Port) -> Listener {
        find_where(|it| it == port)
            .remove(&port)
            .unwrap_or_default()
    }

    /// Finds all listeners on this machine, by port, in one search of all processes.
    ///
    /// Other users' listeners are missing on systems that do not show them.
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
    #[cfg_attr(docsrs, doc(cfg(feature = "listeners")))]
    pub fn all() -> BTreeMap<Port, Listener> {
        find_where(|_| true)
    }

    /// Returns a listener about which nothing is known, because the feature `listeners` is off.
    #[cfg(not(feature = "listeners"))]
    pub fn find(_: Port) -> Listener {
        Listener::default()
    }
}

/// Finds the listeners on the ports for which `is_wanted` returns `true`.
#[cfg(feature = "listeners")]
fn find_where(is_wanted: impl Fn(Port) -> bool) -> BTreeMap<Port, Listener> {
    use listeners::{Protocol, SocketState};

    let mut found: BTreeMap<Port, Listener> = BTreeMap::new();
    for it in listeners::get_all().unwrap_or_default() {
        let is_listening = it.protocol == Protocol::TCP && it.state == SocketState::Listen;
        let port = Port::new(it.socket.port()).ok();
        let Some(port) = port.filter(|&port| is_listening && is_wanted(port)) else {
            continue;
        };
        // Of several processes that share the port, the lowest number is usually the parent.
        let listener = found.entry(port).or_default();
        if listener.pid.is_none_or(|pid| it.process.pid < pid) {
            listener.pid = Some(it.process.pid);
            listener.process = (!it.process.name.is_empty()).then_some(it.process.name);
        }
    }
    for listener in found.values_mut() {
        listener.dir = listener.pid.and_then(procfs::working_folder);
    }
    for (port, user) in procfs::listeners() {
        if is_wanted(port) {
            found.entry(port).or_insert_with(|| Listener {
                uid: Some(user),
                ..Listener::default()
            });
        }
    }
    found
}

#[cfg(all(
    test,
    feature = "listeners",
    any(target_os = "linux", target_os = "macos", windows)
))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::Listener;
    use crate::types::port::Port;

    #[test]
    fn this_process_is_found_as_a_listener_and_not_as_a_client() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let find = |port| Listener::find(Port::new(port).unwrap());
        let found = find(address.port());
        assert_eq!(found.pid, Some(std::process::id()));
        assert!(found.process.is_some());
        if cfg!(target_os = "linux") {
            assert_eq!(found.dir, std::env::current_dir().ok());
        }
        assert_eq!(
            find(client.local_addr().unwrap().port()),
            Listener::default()
        );
    }

    #[test]
    fn one_search_finds_the_listeners_of_all_ports() {
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
}
