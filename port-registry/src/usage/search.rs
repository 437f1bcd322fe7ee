//! Searching the system for the processes that have ports open.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::path::Path;

use super::evidence::Evidence;
#[cfg(unix)]
use super::forwarder::is_forwarder;
use super::listener::{CHECKOUT_VARIABLE, Listener};
#[cfg(target_os = "linux")]
use super::processes::{self, WorkingFolder};
#[cfg(target_os = "linux")]
use crate::system::sock_diag;
use crate::system::tcp_table::{self, SocketState, TcpSocket};
use crate::types::port::Port;

/// The listening sockets of a machine.
#[derive(Debug)]
pub(crate) struct ListeningSockets {
    /// `None` on systems that do not show the sockets of all users.
    sockets: Option<Vec<TcpSocket>>,
}

impl ListeningSockets {
    pub(crate) fn read() -> ListeningSockets {
        #[cfg(target_os = "linux")]
        if let Ok(sockets) = sock_diag::listening() {
            let sockets = Some(sockets);
            return ListeningSockets { sockets };
        }
        let sockets = tcp_table::sockets(|_| true).map(|mut all| {
            all.retain(|it| it.state == SocketState::Listening);
            all
        });
        ListeningSockets { sockets }
    }

    /// Returns `true` if a port without a socket certainly has no listener.
    pub(crate) fn are_complete(&self) -> bool {
        self.sockets.is_some()
    }

    /// Returns `false` if a port certainly has no listener.
    pub(crate) fn may_have(&self, port: Port) -> bool {
        let sockets = self.sockets.as_ref();
        sockets.is_none_or(|all| all.iter().any(|it| it.port == port))
    }

    /// Finds the processes on the ports that are wanted. `is_recorded` tells which folders outside of git are checkouts.
    pub(crate) fn listeners(
        &self,
        is_wanted: &dyn Fn(Port) -> bool,
        is_recorded: &dyn Fn(&Path) -> bool,
    ) -> BTreeMap<Port, Listener> {
        let Some(sockets) = &self.sockets else {
            return by_crate(is_wanted, is_recorded);
        };
        let wanted = sockets.iter().filter(|it| is_wanted(it.port));
        of_sockets(&wanted.copied().collect::<Vec<_>>(), is_recorded)
    }
}

/// Finds the processes that have these sockets open, by port.
#[cfg(target_os = "linux")]
pub(super) fn of_sockets(
    sockets: &[TcpSocket],
    is_recorded: &dyn Fn(&Path) -> bool,
) -> BTreeMap<Port, Listener> {
    let inodes: BTreeSet<u64> = sockets.iter().map(|it| it.inode).collect();
    let holders = processes::holders(&inodes);
    let mut evidence = Evidence::new(is_recorded);
    let mut described: BTreeMap<BTreeSet<u32>, Option<Listener>> = BTreeMap::new();
    let mut found: BTreeMap<Port, Vec<Listener>> = BTreeMap::new();
    for socket in sockets {
        let holders = holders.get(&socket.inode).cloned().unwrap_or_default();
        let describe = || first_with_checkout(&holders, &mut evidence);
        let known = described.entry(holders.clone()).or_insert_with(describe);
        let listener = known.clone().unwrap_or_else(|| Listener {
            uid: Some(socket.user),
            ..Listener::default()
        });
        let of_port = found.entry(socket.port).or_default();
        if !of_port.contains(&listener) {
            of_port.push(listener);
        }
    }
    let join = |(port, listeners)| Some((port, joined(port, listeners, &mut evidence)?));
    found.into_iter().filter_map(join).collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of_sockets(_: &[TcpSocket], _: &dyn Fn(&Path) -> bool) -> BTreeMap<Port, Listener> {
    BTreeMap::new()
}

/// Describes the process of a socket. Of several that have inherited it, the first one whose checkout is known is
/// meant, and else the one with the lowest number, which is usually the parent.
#[cfg(target_os = "linux")]
fn first_with_checkout(holders: &BTreeSet<u32>, evidence: &mut Evidence) -> Option<Listener> {
    let mut first = None;
    for pid in holders {
        let listener = described(*pid, evidence);
        if listener.checkout.is_some() {
            return Some(listener);
        }
        first.get_or_insert(listener);
    }
    first
}

#[cfg(target_os = "linux")]
fn described(pid: u32, evidence: &mut Evidence) -> Listener {
    let process = processes::executable(pid);
    let folder = processes::working_folder(pid);
    let container = processes::container_id(pid).filter(|_| folder.is_none());
    let named = processes::variable(pid, CHECKOUT_VARIABLE);
    let mut checkout = named.and_then(|it| Evidence::named_checkout(Path::new(&it)));
    let is_behind = container.is_some() || process.as_deref().is_some_and(is_forwarder);
    if checkout.is_none() && !is_behind {
        let ancestors = processes::ancestors(pid);
        let ancestors = ancestors.into_iter().map(processes::working_folder);
        let mut folders = std::iter::once(folder.clone()).chain(ancestors).flatten();
        checkout = folders.find_map(|it| match it {
            WorkingFolder::Existing(folder) => evidence.checkout_of_folder(&folder),
            WorkingFolder::Removed(folder) => evidence.checkout_of_removed_folder(&folder),
        });
    }
    Listener {
        pid: Some(pid),
        process,
        dir: match folder {
            Some(WorkingFolder::Existing(folder)) => Some(folder),
            Some(WorkingFolder::Removed(_)) | None => None,
        },
        checkout,
        container,
        ..Listener::default()
    }
}

/// Joins the listeners on one port.
fn joined(port: Port, listeners: Vec<Listener>, evidence: &mut Evidence) -> Option<Listener> {
    let mut listeners = listeners;
    // Those that are known come first.
    listeners.sort_by_key(|it| (it.pid.is_none(), it.pid));
    for listener in &mut listeners {
        add_container(port, listener, evidence);
    }
    let mut listeners = listeners.into_iter();
    let mut first = listeners.next()?;
    first.others = listeners.collect();
    Some(first)
}

/// Adds the container that a listener is in or forwards to, and the checkout of that container.
#[cfg(unix)]
fn add_container(port: Port, listener: &mut Listener, evidence: &mut Evidence) {
    use super::containers::short_id;

    let id = listener.container.take();
    let forwards = listener.process.as_deref().is_some_and(is_forwarder);
    if id.is_none() && !forwards && listener.pid.is_some() {
        return;
    }
    let container = match &id {
        Some(id) => evidence.container(|it| it.has_id(id)),
        None => evidence.container(|it| it.publishes(port.get())),
    };
    let Some(container) = container else {
        listener.container = id.as_deref().map(short_id);
        return;
    };
    listener.container = Some(container.name());
    if listener.checkout.is_none()
        && let Some(folder) = container.project_folder().cloned()
    {
        listener.checkout = evidence.checkout_of_folder(&folder);
    }
}

#[cfg(not(unix))]
fn add_container(_: Port, _: &mut Listener, _: &mut Evidence) {}

/// Finds the container that the kernel forwards a port to.
pub(super) fn container_of(port: Port, is_recorded: &dyn Fn(&Path) -> bool) -> Option<Listener> {
    let mut listener = Listener::default();
    add_container(port, &mut listener, &mut Evidence::new(is_recorded));
    listener.container.is_some().then_some(listener)
}

/// Finds listeners on systems other than Linux. Of their processes, only the name and the number are known.
#[cfg(not(target_os = "linux"))]
pub(super) fn by_crate(
    is_wanted: &dyn Fn(Port) -> bool,
    is_recorded: &dyn Fn(&Path) -> bool,
) -> BTreeMap<Port, Listener> {
    use listeners::{Protocol, SocketState};

    let mut found: BTreeMap<Port, Vec<Listener>> = BTreeMap::new();
    for it in listeners::get_all().unwrap_or_default() {
        let is_listening = it.protocol == Protocol::TCP && it.state == SocketState::Listen;
        let port = Port::new(it.socket.port()).ok();
        let Some(port) = port.filter(|&port| is_listening && is_wanted(port)) else {
            continue;
        };
        let executable = Path::new(&it.process.path).file_name();
        let executable = executable.map(|name| name.to_string_lossy().into_owned());
        let listener = Listener {
            pid: Some(it.process.pid),
            process: executable.or_else(|| Some(it.process.name).filter(|it| !it.is_empty())),
            ..Listener::default()
        };
        let of_port = found.entry(port).or_default();
        if !of_port.contains(&listener) {
            of_port.push(listener);
        }
    }
    let mut evidence = Evidence::new(is_recorded);
    let join = |(port, listeners)| Some((port, joined(port, listeners, &mut evidence)?));
    found.into_iter().filter_map(join).collect()
}

/// Finds nothing, because the tables of sockets cannot be read.
#[cfg(target_os = "linux")]
pub(super) fn by_crate(
    _: &dyn Fn(Port) -> bool,
    _: &dyn Fn(&Path) -> bool,
) -> BTreeMap<Port, Listener> {
    BTreeMap::new()
}
