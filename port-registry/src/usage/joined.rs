//! Joining the listeners on a port, with the containers that they forward to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

#[cfg(unix)]
use super::checkout_evidence::CheckoutEvidence;
use super::evidence::Evidence;
#[cfg(unix)]
use super::forwarder::is_forwarder;
use super::listener::Listener;
use super::wanted::Wanted;
use crate::types::port::Port;

/// Adds a listener and one of its addresses to those of a port.
pub(super) fn add(listeners: &mut Vec<Listener>, listener: Listener, address: Option<IpAddr>) {
    let is_same = |it: &Listener| it.pid == listener.pid && it.uid == listener.uid;
    match listeners.iter_mut().find(|it| is_same(it)) {
        Some(known) => known.addresses.extend(address),
        None => listeners.push(Listener {
            addresses: address.into_iter().collect(),
            ..listener
        }),
    }
}

/// Joins the listeners on each port.
pub(super) fn joined(
    found: BTreeMap<Port, Vec<Listener>>,
    wanted: &Wanted,
    evidence: &mut Evidence,
) -> BTreeMap<Port, Listener> {
    let mut by_port = BTreeMap::new();
    for (port, mut listeners) in found {
        // Processes with a known number come first.
        listeners.sort_by_key(|it| (it.pid.is_none(), it.pid));
        for listener in &mut listeners {
            if (wanted.contained)(port) {
                add_container(port, listener, evidence);
            }
            // The registry can record no such path, and JSON cannot carry it.
            listener.checkout.take_if(|it| it.to_str().is_none());
        }
        let mut listeners = listeners.into_iter();
        if let Some(mut first) = listeners.next() {
            first.others = listeners.collect();
            by_port.insert(port, first);
        }
    }
    by_port
}

/// Adds the container that a listener is in or forwards to, and the checkout of that container.
#[cfg(unix)]
fn add_container(port: Port, listener: &mut Listener, evidence: &mut Evidence) {
    let forwards = listener.process.as_deref().is_some_and(is_forwarder);
    let container = match &listener.container {
        Some(id) => evidence.container(|it| it.has_id(id)),
        None if listener.pid.is_some() && !forwards => return,
        None => evidence.container(|it| it.publishes(port.get())),
    };
    let Some(container) = container else {
        return;
    };
    listener.container = Some(container.name());
    if listener.checkout.is_none()
        && let Some(folder) = container.project_folder().cloned()
        && let Some(checkout) = evidence.checkout_of_folder(&folder)
    {
        listener.checkout = Some(checkout);
        listener.checkout_by = Some(CheckoutEvidence::Container);
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
