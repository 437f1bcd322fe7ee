//! The processes that have sockets open, on Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::checkout_evidence::CheckoutEvidence;
use super::containers::short_id;
use super::evidence::Evidence;
use super::forwarder::is_forwarder;
use super::joined::{add, joined};
use super::listener::{CHECKOUT_VARIABLE, DAEMON_PROGRAM, Listener};
use super::processes::{self, WorkingFolder};
use super::wanted::Wanted;
use crate::system::tcp_table::{SocketState, TcpSocket};
use crate::system::trust;
use crate::types::port::Port;

/// Finds the processes that have these sockets open, by port.
pub(super) fn of_sockets(sockets: &[TcpSocket], wanted: &Wanted) -> BTreeMap<Port, Listener> {
    let inodes: BTreeSet<u64> = sockets.iter().map(|it| it.inode).collect();
    let holders = processes::holders(&inodes);
    let mut evidence = Evidence::new(wanted.is_recorded);
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
        let address = (socket.state == SocketState::Listening).then_some(socket.address);
        add(found.entry(socket.port).or_default(), listener, address);
    }
    joined(found, wanted, &mut evidence)
}

/// Describes the process of a socket. If several have inherited it, chooses the first one whose checkout is known, or
/// else the one with the lowest number, which is usually the parent.
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
        None => processes::container_id(pid).map(|id| short_id(&id)),
    };
    let stranger = stranger(pid);
    let is_behind = container.is_some() || process.as_deref().is_some_and(is_forwarder);
    let is_daemon = process.as_deref() == Some(DAEMON_PROGRAM);
    let mut found = None;
    if !is_daemon {
        found = named_checkout(pid, stranger, evidence);
    }
    if found.is_none() && !is_behind && !is_daemon {
        let own = folder.as_ref();
        let own = own.and_then(|it| checkout_of(it, stranger, evidence));
        found = own.map(|it| (it, CheckoutEvidence::Folder));
        // The ancestors count only if the folder is in no checkout.
        found = found.or_else(|| checkout_of_ancestors(pid, evidence));
    }
    let (checkout, checkout_by) = found.unzip();
    let dir = match folder {
        Some(WorkingFolder::Existing(folder)) => Some(folder),
        Some(WorkingFolder::Removed(_)) | None => None,
    };
    let may_have_dir = dir.as_deref().is_some_and(|it| may_name(it, stranger));
    let is_unheard = checkout.is_none() && container.is_none() && !may_have_dir;
    Listener {
        pid: Some(pid),
        process,
        uid: stranger.filter(|_| is_unheard),
        dir,
        checkout,
        checkout_by,
        container,
        ..Listener::default()
    }
}

type Found = (PathBuf, CheckoutEvidence);

fn named_checkout(pid: u32, stranger: Option<u32>, evidence: &mut Evidence) -> Option<Found> {
    let named = processes::variable(pid, CHECKOUT_VARIABLE)?;
    let checkout = evidence.named_checkout(Path::new(&named))?;
    may_name(&checkout, stranger).then_some((checkout, CheckoutEvidence::Variable))
}

fn checkout_of(
    folder: &WorkingFolder,
    stranger: Option<u32>,
    evidence: &mut Evidence,
) -> Option<PathBuf> {
    let checkout = match folder {
        WorkingFolder::Existing(folder) => evidence.checkout_of_folder(folder),
        WorkingFolder::Removed(folder) => evidence.checkout_of_removed_folder(folder),
    };
    checkout.filter(|it| may_name(it, stranger))
}

/// Returns the checkout of the nearest ancestor that is in one. A process that has changed its user is still what its ancestor
/// has started.
fn checkout_of_ancestors(pid: u32, evidence: &mut Evidence) -> Option<Found> {
    processes::ancestors(pid).into_iter().find_map(|ancestor| {
        let folder = processes::working_folder(ancestor)?;
        let checkout = checkout_of(&folder, stranger(ancestor), evidence)?;
        Some((checkout, CheckoutEvidence::Ancestor))
    })
}

/// Returns the user of a process, if it is a [stranger](trust::is_stranger).
fn stranger(pid: u32) -> Option<u32> {
    processes::user(pid).filter(|&user| trust::is_stranger(user))
}

/// Tests if the processes of a user may name a checkout. Those of a stranger may name only checkouts that it owns.
fn may_name(checkout: &Path, stranger: Option<u32>) -> bool {
    stranger.is_none_or(|user| Evidence::is_owned(checkout, user))
}
