//! Recognizes this user's daemon, and compares it with the environment.

use std::fs;
use std::path::Path;

use port_registry::Builder;
use port_registry::daemon::{DaemonInfo, Presence};

use super::target::Target;

/// Returns this user's daemon, if it has the address in force. Never send anything to the address unless the lock, which
/// no other user can hold, names it.
pub(crate) fn find(target: &Target) -> Option<DaemonInfo> {
    let Ok(Presence::Running { pid, address }) = target.presence() else {
        return None;
    };
    if !target.is_of(address) || !target.is_sure(target.place_of(pid, address)) {
        return None;
    }
    let daemon = target.client.identify_quickly().ok()?;
    (daemon.pid == pid).then_some(daemon)
}

/// Compares the daemon's store with the file that this process would open.
pub(crate) fn serves_store(daemon: &DaemonInfo, registry: &Builder) -> bool {
    registry
        .store_path()
        .is_ok_and(|store| is_same_file(&store, &daemon.store_path()))
}

/// Compares the daemon's range with that of the environment. Without a range in the environment, any range matches.
pub(crate) fn serves_range(daemon: &DaemonInfo, registry: &Builder) -> bool {
    let range = registry.range();
    range.is_none_or(|range| range.to_string() == daemon.range)
}

/// Describes the first difference between a daemon and the environment: its store or its range.
pub(crate) fn difference(daemon: &DaemonInfo, registry: &Builder) -> Option<String> {
    if !serves_store(daemon, registry) {
        Some(format!("serves a different registry, {}", daemon.store))
    } else if !serves_range(daemon, registry) {
        Some(format!(
            "allocates ports from a different range, {}",
            daemon.range
        ))
    } else {
        None
    }
}

fn is_same_file(file: &Path, other: &Path) -> bool {
    file == other
        || fs::canonicalize(file).is_ok_and(|file| {
            file == other || fs::canonicalize(other).is_ok_and(|other| file == other)
        })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;
    use std::net::SocketAddr;

    use port_registry::Registry;
    use port_registry::daemon::DaemonInfo;
    use serde_json::{Value, json};

    use super::{difference, find};
    use crate::address::Address;
    use crate::backend::canned;
    use crate::daemon::Target;

    /// The header of this process, which serves the answers of the tests.
    fn header() -> String {
        format!("X-Port-Registry: 1; pid={}\r\n", std::process::id())
    }

    fn info(store: &str) -> Value {
        json!({"version": "1", "pid": std::process::id(), "store": store, "range": "4000-4999"})
    }

    #[test]
    fn daemon_is_compared_by_its_store_and_its_range() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("ports.redb");
        fs::write(&store, "").unwrap();
        let compare = |served: &str, range: Option<&str>| {
            let mut registry = Registry::builder().with_path(&store);
            if let Some(range) = range {
                registry = registry.with_range(range.parse().unwrap());
            }
            let daemon: DaemonInfo = serde_json::from_value(info(served)).unwrap();
            difference(&daemon, &registry)
        };
        let own = store.to_str().unwrap();
        assert_eq!(compare(own, None), None);
        assert_eq!(compare(own, Some("4000-4999")), None);
        assert!(compare(own, Some("4000-4998")).is_some());
        assert!(compare("/other.redb", None).is_some());
        let folder = folder.path().display();
        assert_eq!(compare(&format!("{folder}/./ports.redb"), None), None);
    }

    /// Looks for a daemon that sends this header. With a line, its lock is held and contains the line.
    fn is_found(identity: &str, line: Option<fn(SocketAddr) -> String>) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let address = canned::serve(canned::response(200, identity, &info("/x")));
        let lock = File::create(folder.path().join("x.pid.lock")).unwrap();
        if let Some(line) = line {
            lock.lock().unwrap();
            writeln!(&lock, "{}", line(address)).unwrap();
        }
        find(&Target::at(
            Address::of(address),
            folder.path().join("x.pid"),
        ))
        .is_some()
    }

    #[test]
    fn daemon_is_this_users_only_if_its_lock_and_its_answer_name_one_process() {
        let own = |address: SocketAddr| format!("{} {address}", std::process::id());
        let other_process = |address: SocketAddr| format!("1 {address}");
        let other_address = |_: SocketAddr| format!("{} 127.0.0.1:1", std::process::id());
        let nothing = |_: SocketAddr| String::new();
        assert!(is_found(&header(), Some(own)));
        assert!(!is_found(&header(), None));
        for line in [other_process, other_address, nothing] {
            assert!(!is_found(&header(), Some(line)));
        }
        for identity in [
            "",
            "X-Port-Registry: 1\r\n",
            "X-Port-Registry: 1; pid=2\r\n",
        ] {
            assert!(!is_found(identity, Some(own)), "{identity}");
        }
    }
}
