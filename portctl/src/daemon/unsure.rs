//! A daemon whose address may lead to another server from here.

use std::net::SocketAddr;
use std::path::PathBuf;

use port_registry::daemon::{DaemonInfo, Presence};

use super::advice::{LOOK_ELSEWHERE, use_address};
use super::holder::HolderPlace;
use super::own_socket;
use super::target::Target;
use crate::backend::Client;
use crate::report::Report;

/// A daemon that has the address in force, which may lead to another server from here: the kernel does not show that the
/// daemon's process listens in this network.
#[derive(Debug)]
pub(crate) struct Unsure {
    pid: u32,
    listener: SocketAddr,
    pub(crate) place: HolderPlace,
    lock: PathBuf,
    /// The daemon by its socket, if it can be reached there.
    pub(crate) by_socket: Option<(Client, DaemonInfo)>,
}

impl Unsure {
    /// Returns `None` if no daemon runs, if it has another address, and if only the daemon can answer.
    pub(crate) fn of(target: &Target, presence: Presence) -> Option<Unsure> {
        let Presence::Running { pid, address } = presence else {
            return None;
        };
        if !target.is_of(address) {
            return None;
        }
        let place = target.place_of(pid, address);
        (!target.is_sure(place)).then(|| Unsure {
            pid,
            listener: address,
            place,
            lock: target.lock(),
            by_socket: own_socket::identify(&target.pidfile, pid),
        })
    }

    /// Describes the problem with the address.
    pub(crate) fn problem(&self) -> String {
        let (pid, listener) = (self.pid, self.listener);
        let lock = self.lock.display();
        match (self.place.holds_lock(), self.place.shares_network()) {
            (Some(true), Some(false)) => format!(
                "the daemon (pid {pid}) listens at {listener} in another network, which this process cannot reach"
            ),
            (Some(true), _) => format!(
                "the daemon (pid {pid}) listens at {listener}, but the system hides whether that is in the network of \
                 this process"
            ),
            (Some(false), _) if self.by_socket.is_some() => format!(
                "the daemon runs in another container or process namespace, as process {pid} there, so portctl cannot \
                 tell whether {listener} leads to it"
            ),
            (Some(false), _) => format!(
                "{lock} names process {pid}, but no process with this id holds the lock here, so a daemon may run \
                 elsewhere, for example in a container"
            ),
            (None, _) => format!(
                "{lock} names process {pid}, but the system hides whether this process holds the lock"
            ),
        }
    }

    /// The next step.
    pub(crate) fn next_step(&self) -> String {
        match &self.by_socket {
            Some((client, _)) => {
                format!("{} makes this shell use it", use_address(client.address()))
            }
            None => LOOK_ELSEWHERE.to_owned(),
        }
    }

    pub(super) fn report(&self) -> Report {
        Report::new(self.problem()).hint(self.next_step())
    }
}
