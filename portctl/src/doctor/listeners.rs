//! Checks that the processes on allocated ports belong to the allocations' checkouts.

use std::collections::HashMap;

use port_registry::{Allocation, Listener};

use super::finding::{Finding, Issue};
use super::process;
use crate::output::wording::{self, count};

const CHECK: &str = "listeners";

/// Limit of the foreign processes that are listed.
const MAX_LISTED: usize = 20;

/// Name prefixes of processes that forward ports to containers and virtual machines. The system may shorten the
/// names. The service behind a proxy is unknown.
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

/// Checks all ports with a single listing of the system's listeners.
pub(super) fn check(allocations: Option<&[Allocation]>) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
    };
    let listeners = Listener::all();
    let in_use: Vec<(&Allocation, &Listener)> = allocations
        .iter()
        .filter_map(|it| Some((it, listeners.get(&it.port)?)))
        .collect();
    let mut proxies = ProxyUsers::default();
    let foreign: Vec<String> = in_use
        .iter()
        .filter_map(|(allocation, listener)| foreign_listener(allocation, listener, &mut proxies))
        .collect();
    if foreign.is_empty() {
        return Finding::ok(
            CHECK,
            match (in_use.len(), allocations.len()) {
                (_, 0) => "no port is allocated".to_owned(),
                (0, _) => "nothing listens on any allocated port".to_owned(),
                (used, total) => format!(
                    "something listens on {used} of {}; none belongs to another project",
                    count(total, "allocated port")
                ),
            },
        );
    }
    let ports = count(foreign.len(), "allocated port");
    Issue::warning(format!(
        "another project, another user or the system seems to listen on {ports}:"
    ))
        .hint("stop the other process, or give the service another port: `portctl release --id ID`, then `portctl get`")
        .of(CHECK)
        .first_details(MAX_LISTED, &foreign)
}

/// Describes the listener on an allocation's port, if it does not belong to the allocation's checkout.
fn foreign_listener(
    allocation: &Allocation,
    listener: &Listener,
    proxies: &mut ProxyUsers,
) -> Option<String> {
    let by = wording::by_listener(listener);
    let what = match (listener.pid, listener.uid) {
        (Some(pid), _) => {
            if listener.process.as_deref().is_some_and(is_proxy) {
                return None;
            }
            let folder = process::folder(pid)?;
            // Unknown if the process's folder was removed.
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

/// Recognizes proxies by name. Includes ssh, which colima and lima use as a proxy.
fn is_proxy(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "ssh" || PROXIES.iter().any(|proxy| name.starts_with(proxy))
}

/// The users who run proxies. A listener of such a user may be a proxy, because the system does not name other users'
/// processes.
#[derive(Debug, Default)]
struct ProxyUsers {
    of_users: HashMap<u32, bool>,
}

impl ProxyUsers {
    fn are_run_by(&mut self, user: u32) -> bool {
        let runs_proxy = || process::names_of(user).any(|name| is_proxy(&name));
        *self.of_users.entry(user).or_insert_with(runs_proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::is_proxy;

    #[test]
    fn container_proxies_are_recognized_by_name() {
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
