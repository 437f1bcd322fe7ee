//! Checks that the processes on allocated ports belong to the allocations' checkouts.

use std::collections::{BTreeMap, HashMap};

use port_registry::{Allocation, Listener, Port};

use super::finding::{Finding, Issue};
use super::process;
use crate::output::wording::{self, count};
use crate::service_name::likely_meaning;

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

/// Checks all ports.
pub(super) fn check(
    allocations: Option<&[Allocation]>,
    listeners: &BTreeMap<Port, Listener>,
) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
    };
    let in_use: Vec<(&Allocation, &Listener)> = allocations
        .iter()
        .filter_map(|it| Some((it, listeners.get(&it.port)?)))
        .collect();
    let mut proxies = ProxyUsers::default();
    let foreign: Vec<&(&Allocation, &Listener)> = in_use
        .iter()
        .filter(|(allocation, listener)| {
            is_foreign(allocation, listener, &mut proxies) == Some(true)
        })
        .collect();
    let Some((first, _)) = foreign.first() else {
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
    };
    let command = new_port_command(first);
    let hint = match foreign.len() {
        1 => format!("stop the other process, or give the service another port: `{command}`"),
        _ => format!(
            "stop the other processes, or give the services other ports, beginning with the first: `{command}`"
        ),
    };
    let lines: Vec<String> = foreign.iter().map(|it| describe(it.0, it.1)).collect();
    let ports = count(foreign.len(), "allocated port");
    Issue::warning(format!(
        "another project, another user or the system seems to listen on {ports}:"
    ))
    .hint(hint)
    .of(CHECK)
    .first_details(MAX_LISTED, &lines)
}

/// Tests if the listener on an allocation's port does not belong to the allocation's checkout. Returns `None` if that is
/// unknown.
fn is_foreign(
    allocation: &Allocation,
    listener: &Listener,
    proxies: &mut ProxyUsers,
) -> Option<bool> {
    match (listener.pid, listener.uid) {
        (Some(_), _) if listener.process.as_deref().is_some_and(is_proxy) => None,
        (Some(_), _) => Some(!allocation.checkout_contains(listener.dir.as_deref()?)?),
        (None, user) => user.map(|user| !process::is_own(user) && !proxies.are_run_by(user)),
    }
}

fn describe(allocation: &Allocation, listener: &Listener) -> String {
    format!(
        "port {} of {} is in use by {listener}",
        allocation.port,
        wording::holder(allocation),
    )
}

/// The command that gives a service another port. It runs in the checkout, so that the new allocation records that.
fn new_port_command(allocation: &Allocation) -> String {
    let key = &allocation.key;
    let dir = allocation.dir.as_ref();
    let dir = dir.filter(|_| !allocation.checkout_is_gone());
    let cd = dir.map_or_else(String::new, |dir| {
        format!("cd{} && ", wording::positional(dir.as_str()))
    });
    // `get` refuses to make services of unlikely names.
    let get = match likely_meaning(key.service()) {
        Some(_) => "allocate",
        None => "get",
    };
    format!(
        "{cd}portctl release --id {} && portctl {get}{}{}{}",
        allocation.id,
        wording::flag("--app", key.app()),
        wording::flag("--instance", key.instance()),
        wording::service(key.service())
    )
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
