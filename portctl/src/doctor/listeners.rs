//! What listens on allocated ports, which may be somebody else than the service.

use std::collections::HashMap;

use port_registry::{Allocation, Listener};

use super::finding::{Finding, Issue};
use super::process;
use crate::wording::{self, count};

const CHECK: &str = "listeners";

/// How many strangers are named.
const MOST: usize = 20;

/// How the names begin of what listens for a container or a virtual machine, as the system shortens
/// them. Behind these, who is served cannot be told.
const PROXIES: [&str; 17] = [
    "docker-proxy",
    "dockerd",
    "com.docker",
    "containerd",
    "rootlessport",
    "rootlesskit",
    "slirp4netns",
    "pasta",
    "passt",
    "podman",
    "conmon",
    "gvproxy",
    "vpnkit",
    "orbstack",
    "colima",
    "limactl",
    "wslrelay",
];

/// Looks once at all that listens, however many allocations there are.
pub(super) fn check(allocations: Option<&[Allocation]>) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not looked at, since the registry cannot be read").of(CHECK);
    };
    let listeners = Listener::all();
    let in_use: Vec<(&Allocation, &Listener)> = allocations
        .iter()
        .filter_map(|it| Some((it, listeners.get(&it.port)?)))
        .collect();
    let mut proxies = Proxies::default();
    let strangers: Vec<String> = in_use
        .iter()
        .filter_map(|(allocation, listener)| stranger(allocation, listener, &mut proxies))
        .collect();
    if strangers.is_empty() {
        return Finding::ok(
            CHECK,
            match (in_use.len(), allocations.len()) {
                (_, 0) => "no port is allocated".to_owned(),
                (0, _) => "nothing listens on any allocated port".to_owned(),
                (used, total) => format!(
                    "something listens on {used} of {}, no stranger among them",
                    count(total, "allocated port")
                ),
            },
        );
    }
    let ports = count(strangers.len(), "allocated port");
    Issue::warning(format!("strangers seem to listen on {ports}:"))
        .hint("stop what should not be there, or give the service another port: `portctl release --id ID`, then `portctl get`")
        .of(CHECK)
        .and_first(MOST, &strangers)
}

/// Tells of what listens on the port of an allocation, if it does not belong to it.
fn stranger(allocation: &Allocation, listener: &Listener, proxies: &mut Proxies) -> Option<String> {
    let by = wording::by(listener);
    let what = match (listener.pid, listener.uid) {
        (Some(pid), _) => {
            if listener.process.as_deref().is_some_and(is_proxy) {
                return None;
            }
            let folder = process::folder(pid)?;
            // Of one whose folder was removed it cannot be told.
            if allocation.checkout_contains(&folder)? {
                return None;
            }
            format!("{by} from {}", folder.display())
        }
        (None, Some(user)) if !process::is_own(user) && !proxies.are_run_by(user) => by,
        (None, _) => return None,
    };
    Some(format!(
        "port {port} of {holder} is in use{what}: `portctl check {port}`",
        port = allocation.port,
        holder = wording::holder(allocation)
    ))
}

/// Whether a process listens for something that cannot be seen from here. An ssh may as well: colima
/// and lima have it do so.
fn is_proxy(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "ssh" || PROXIES.iter().any(|proxy| name.starts_with(proxy))
}

/// Whether proxies run as a user, so that what listens may be one of them: which process of another user
/// it is, is not told.
#[derive(Debug, Default)]
struct Proxies {
    of_users: HashMap<u32, bool>,
}

impl Proxies {
    fn are_run_by(&mut self, user: u32) -> bool {
        let look = || process::names_of(user).any(|name| is_proxy(&name));
        *self.of_users.entry(user).or_insert_with(look)
    }
}

#[cfg(test)]
mod tests {
    use super::is_proxy;

    #[test]
    fn what_listens_for_containers_is_known_by_its_name() {
        for name in [
            "docker-proxy",
            "rootlessport",
            "com.docker.back",
            "com.docker.backend",
            "containerd-shim",
            "slirp4netns",
            "pasta.avx2",
            "OrbStack Helper",
            "colima",
            "limactl",
            "ssh",
            "vpnkit-bridge",
            "gvproxy",
        ] {
            assert!(is_proxy(name), "{name}");
        }
        for name in ["node", "postgres", "sshd", "docker", "python3", ""] {
            assert!(!is_proxy(name), "{name}");
        }
    }
}
