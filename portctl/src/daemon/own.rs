//! Recognizes this user's daemon, and compares it with the environment.

use std::fs;
use std::path::Path;

use port_registry::Builder;
use port_registry::daemon::{DaemonInfo, Presence};

use crate::backend::Client;

/// Returns this user's daemon, if it listens at the client's address. Its lock, which nobody else can hold,
/// must say so; without that, nothing is sent to the address.
pub(crate) fn find(client: &Client, pidfile: &Path) -> Option<DaemonInfo> {
    let Ok(Presence::Running { pid, address }) = Presence::of(pidfile) else {
        return None;
    };
    if !client.address().is_of(address) {
        return None;
    }
    let daemon = client.identify_quickly().ok()?;
    (daemon.pid == pid).then_some(daemon)
}

/// Tells if the daemon's store is the file that this process would open.
pub(crate) fn serves_store(daemon: &DaemonInfo, registry: &Builder) -> bool {
    registry
        .store()
        .is_ok_and(|store| is_same_file(&store, &daemon.store))
}

/// Tells if the daemon chooses from the ports that the environment names. One that names none is content
/// with any.
pub(crate) fn serves_range(daemon: &DaemonInfo, registry: &Builder) -> bool {
    let range = registry.chosen_range();
    range.is_none_or(|range| range.to_string() == daemon.range)
}

/// Describes the first difference between a daemon and the environment: its store, or its ports.
pub(crate) fn difference(daemon: &DaemonInfo, registry: &Builder) -> Option<String> {
    if !serves_store(daemon, registry) {
        Some(format!("serves another registry, {}", daemon.store))
    } else if !serves_range(daemon, registry) {
        Some(format!("chooses from other ports, {}", daemon.range))
    } else {
        None
    }
}

/// Compares a path with the one that a daemon names, in which it replaced everything that is not UTF-8.
fn is_same_file(file: &Path, named: &str) -> bool {
    let is_named = |file: &Path| file.to_string_lossy() == named;
    is_named(file)
        || fs::canonicalize(file).is_ok_and(|file| {
            is_named(&file) || fs::canonicalize(named).is_ok_and(|named| named == file)
        })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::path::Path;
    use std::thread;

    use port_registry::Registry;
    use tempfile::TempDir;

    use super::{difference, find};
    use crate::address::Address;
    use crate::backend::Client;

    /// A server that answers as a daemon of process 1 does, and the lock that a daemon would hold.
    struct Server {
        folder: TempDir,
        client: Client,
        address: SocketAddr,
        lock: Option<File>,
    }

    impl Server {
        /// Starts a server that sends this header with every answer.
        fn start(identity: &'static str, store: impl Fn(&Path) -> String) -> Server {
            let folder = tempfile::tempdir().unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let store = store(folder.path());
            let body =
                serde_json::json!({"version": "1", "pid": 1, "store": store, "range": "4000-4999"});
            let body = body.to_string();
            let length = body.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\n{identity}Content-Length: {length}\r\n\r\n{body}");
            // It ends with the process.
            thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
            fs::write(folder.path().join("ports.redb"), "").unwrap();
            Server {
                folder,
                client: Client::new(Address::of(address)),
                address,
                lock: None,
            }
        }

        /// Holds the lock, with this line in it.
        fn locked(self, line: impl Fn(SocketAddr) -> String) -> Server {
            let lock = File::create(self.folder.path().join("x.pid.lock")).unwrap();
            lock.lock().unwrap();
            writeln!(&lock, "{}", line(self.address)).unwrap();
            Server {
                lock: Some(lock),
                ..self
            }
        }

        fn is_own_daemon(&self) -> bool {
            find(&self.client, &self.folder.path().join("x.pid")).is_some()
        }

        fn difference(&self, range: Option<&str>) -> Option<String> {
            let mut registry = Registry::builder().path(self.folder.path().join("ports.redb"));
            if let Some(range) = range {
                registry = registry.range(range.parse().unwrap());
            }
            difference(&self.client.identify().unwrap(), &registry)
        }
    }

    const DAEMON: &str = "X-Port-Registry: 1; pid=1\r\n";

    fn store(folder: &Path) -> String {
        folder.join("ports.redb").display().to_string()
    }

    fn line(address: SocketAddr) -> String {
        format!("1 {address}")
    }

    #[test]
    fn daemon_is_compared_by_its_store_and_its_range() {
        let daemon = Server::start(DAEMON, store);
        assert_eq!(daemon.difference(None), None);
        assert_eq!(daemon.difference(Some("4000-4999")), None);
        assert!(daemon.difference(Some("4000-4998")).is_some());
        let other = |folder: &Path| folder.join("other.redb").display().to_string();
        assert!(Server::start(DAEMON, other).difference(None).is_some());
        let roundabout = |folder: &Path| {
            let name = folder.file_name().unwrap().to_str().unwrap();
            format!("{}/../{name}/ports.redb", folder.display())
        };
        assert_eq!(Server::start(DAEMON, roundabout).difference(None), None);
    }

    #[test]
    fn daemon_is_this_users_only_if_its_lock_and_its_answer_name_one_process() {
        assert!(Server::start(DAEMON, store).locked(line).is_own_daemon());
        assert!(!Server::start(DAEMON, store).is_own_daemon());
        let mut left = Server::start(DAEMON, store).locked(line);
        left.lock = None;
        assert!(!left.is_own_daemon());
        let other_process = |address: SocketAddr| format!("2 {address}");
        let other_address = |_: SocketAddr| "1 127.0.0.1:1".to_owned();
        let nothing = |_: SocketAddr| String::new();
        for line in [other_process, other_address, nothing] {
            assert!(!Server::start(DAEMON, store).locked(line).is_own_daemon());
        }
        for identity in [
            "",
            "X-Port-Registry: 1\r\n",
            "X-Port-Registry: 1; pid=2\r\n",
        ] {
            let server = Server::start(identity, store).locked(line);
            assert!(!server.is_own_daemon(), "{identity}");
        }
    }
}
