//! The processes that have sockets open, on Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::checkout_evidence::CheckoutEvidence;
use super::evidence::Evidence;
use super::forwarder::is_forwarder;
use super::joined::joined;
use super::listener::{CHECKOUT_VARIABLE, Listener};
use super::processes::{self, WorkingFolder};
use crate::system::tcp_table::TcpSocket;
use crate::types::port::Port;

/// Finds the processes that have these sockets open, by port.
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

/// Describes the process of a socket. Of several that have inherited it, the first one whose checkout is known is
/// meant, and else the one with the lowest number, which is usually the parent.
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

fn described(pid: u32, evidence: &mut Evidence) -> Listener {
    let process = processes::executable(pid);
    let folder = processes::working_folder(pid);
    let container = match folder {
        Some(_) => None,
        None => processes::container_id(pid),
    };
    let named = processes::variable(pid, CHECKOUT_VARIABLE);
    let named = named.and_then(|it| evidence.named_checkout(Path::new(&it)));
    let mut found = named.map(|it| (it, CheckoutEvidence::Variable));
    let is_behind = container.is_some() || process.as_deref().is_some_and(is_forwarder);
    if found.is_none() && !is_behind {
        let own = folder.as_ref().and_then(|it| checkout_of(it, evidence));
        found = own.map(|it| (it, CheckoutEvidence::Folder));
        // Only then the ancestors matter.
        found = found.or_else(|| {
            let ancestors = processes::ancestors(pid).into_iter();
            let mut folders = ancestors.filter_map(processes::working_folder);
            let of_ancestor = folders.find_map(|it| checkout_of(&it, evidence))?;
            Some((of_ancestor, CheckoutEvidence::Ancestor))
        });
    }
    let (checkout, checkout_by) = found.unzip();
    Listener {
        pid: Some(pid),
        process,
        dir: match folder {
            Some(WorkingFolder::Existing(folder)) => Some(folder),
            Some(WorkingFolder::Removed(_)) | None => None,
        },
        checkout,
        checkout_by,
        container,
        ..Listener::default()
    }
}

fn checkout_of(folder: &WorkingFolder, evidence: &mut Evidence) -> Option<PathBuf> {
    match folder {
        WorkingFolder::Existing(folder) => evidence.checkout_of_folder(folder),
        WorkingFolder::Removed(folder) => evidence.checkout_of_removed_folder(folder),
    }
}
