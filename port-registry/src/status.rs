//! The status of allocations, from one look at the system.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::checkout::compare::{self, CheckoutMatch};
use crate::error::Error;
use crate::registry::Registry;
use crate::system::probe::{Probe, SystemProbe, Verdict};
use crate::types::allocation::Allocation;
use crate::types::allocation_status::{AllocationStatus, ServiceState, StrayListener};
use crate::types::checkout_path::CheckoutPath;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::usage::listener::Listener;
use crate::usage::search::ListeningSockets;
use crate::usage::wanted::Wanted;

impl Registry {
    /// Returns the allocations that match, ordered by id, with what listens on their ports.
    ///
    /// All processes of the system are looked at once, which takes milliseconds.
    ///
    /// ```
    /// use port_registry::{Filter, ServiceState};
    ///
    /// # use port_registry::{Claim, Registry, ServiceKey};
    /// # let folder = tempfile::tempdir()?;
    /// # let registry = Registry::builder().with_path(folder.path().join("ports.redb")).open()?;
    /// # registry.allocate(Claim::new(ServiceKey::new("shop", "main", "web")?))?;
    /// for service in registry.status(&Filter::new().with_app("shop"))? {
    ///     println!("{} is {}: {}", service.allocation.key, service.state, service.url);
    ///     # assert_eq!(service.state, ServiceState::Down);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Probe`](Error::Probe) if the system does not tell if a port is in use
    /// - [store errors](Error#store-errors)
    #[cfg_attr(docsrs, doc(cfg(feature = "listeners")))]
    pub fn status(&self, filter: &Filter) -> Result<Vec<AllocationStatus>, Error> {
        self.status_of(self.list(filter)?)
    }

    /// Returns the status of each of these allocations, like [`status`](Self::status).
    ///
    /// # Errors
    ///
    /// Those of [`status`](Self::status).
    #[cfg_attr(docsrs, doc(cfg(feature = "listeners")))]
    pub fn status_of(&self, allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, Error> {
        let surroundings = Surroundings {
            is_recorded: &|folder| self.is_recorded(folder),
            holder: &|port| {
                let found = self.list(&Filter::new().with_port(port));
                found.ok()?.pop()
            },
            probe: self.allocator().probe(),
        };
        surroundings.describe_all(allocations)
    }
}

impl AllocationStatus {
    /// Returns the status of each of these allocations, which must be all of a registry.
    ///
    /// It opens no registry. It is for programs that have the allocations from elsewhere, such as a daemon.
    ///
    /// # Errors
    ///
    /// [`Probe`](Error::Probe) if the system does not tell if a port is in use.
    #[doc(hidden)]
    pub fn of_all(allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, Error> {
        let by_port = allocations.iter().map(|it| (it.port, it.clone()));
        let by_port: HashMap<Port, Allocation> = by_port.collect();
        let dirs = allocations.iter().filter_map(|it| it.dir.clone());
        let dirs: HashSet<CheckoutPath> = dirs.collect();
        let surroundings = Surroundings {
            is_recorded: &|folder| dirs.iter().any(|dir| **dir == *folder),
            holder: &|port| by_port.get(&port).cloned(),
            probe: &SystemProbe,
        };
        surroundings.describe_all(allocations)
    }
}

/// The facts about the registry and the system that the status of an allocation needs.
struct Surroundings<'a> {
    /// Returns `true` for a folder outside of git that is a checkout.
    is_recorded: &'a dyn Fn(&Path) -> bool,
    holder: &'a dyn Fn(Port) -> Option<Allocation>,
    /// Probes ports on systems that do not show the sockets of all users.
    probe: &'a dyn Probe,
}

impl Surroundings<'_> {
    fn describe_all(&self, allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, Error> {
        let sockets = ListeningSockets::read();
        let is_down = |it: &Allocation| it.dir.is_some() && !sockets.may_have(it.port);
        // Only a service without a listener may be on another port. Finding it takes the listeners on all ports.
        let wants_all = allocations.iter().any(is_down);
        let ports: HashSet<Port> = allocations.iter().map(|it| it.port).collect();
        let listeners = sockets.listeners(&Wanted {
            ports: &|port| wants_all || ports.contains(&port),
            contained: &|port| ports.contains(&port),
            is_recorded: self.is_recorded,
        });
        let allocations = allocations.into_iter();
        let described = allocations.map(|it| self.describe(it, &sockets, &listeners));
        let mut described = described.collect::<Result<Vec<AllocationStatus>, Error>>()?;
        if wants_all {
            self.add_strays(&mut described, &listeners);
        }
        Ok(described)
    }

    fn describe(
        &self,
        allocation: Allocation,
        sockets: &ListeningSockets,
        listeners: &BTreeMap<Port, Listener>,
    ) -> Result<AllocationStatus, Error> {
        let port = allocation.port;
        let listener = listeners.get(&port).cloned();
        let state = match &listener {
            Some(listener) => {
                let root = allocation.dir.as_deref();
                match root.and_then(|root| listener.belongs_to(root)) {
                    Some(true) => ServiceState::Up,
                    Some(false) => ServiceState::Foreign,
                    None => ServiceState::Unknown,
                }
            }
            None if sockets.are_complete() => ServiceState::Down,
            None => match self.probe.probe(port) {
                Ok(Verdict::Free) => ServiceState::Down,
                Ok(Verdict::Busy | Verdict::Denied) => ServiceState::Unknown,
                Err(error) => match Error::of_probe(port, error) {
                    // A sandbox without network access may list allocations all the same.
                    Error::MayNotBind { .. } => ServiceState::Unknown,
                    error => return Err(error),
                },
            },
        };
        Ok(AllocationStatus::new(allocation, state, listener))
    }

    /// Finds the processes of checkouts that listen only on ports which are not allocated to their checkout.
    fn add_strays(&self, described: &mut [AllocationStatus], all: &BTreeMap<Port, Listener>) {
        let mut in_place: HashSet<u32> = HashSet::new();
        let mut strays: Vec<(&Path, StrayListener)> = Vec::new();
        for (&port, listener) in all {
            let Some(checkout) = listener.checkout.as_deref() else {
                continue;
            };
            let holder = (self.holder)(port);
            if holder.as_ref().is_some_and(|it| may_belong(it, checkout)) {
                let own = listener.all();
                let own = own.filter(|it| it.checkout.as_deref() == Some(checkout));
                in_place.extend(own.filter_map(|it| it.pid));
                continue;
            }
            // Of several processes, connections may reach any.
            let is_alone = listener
                .all()
                .all(|it| it.checkout.as_deref() == Some(checkout));
            if is_alone {
                let listener = listener.clone();
                let stray = StrayListener {
                    port,
                    holder,
                    listener,
                };
                strays.push((checkout, stray));
            }
        }
        strays.retain(|(_, it)| it.listener.pid.is_some_and(|pid| !in_place.contains(&pid)));
        for status in described {
            let root = status.allocation.dir.as_deref();
            let Some(root) = root.filter(|_| status.state == ServiceState::Down) else {
                continue;
            };
            // Compare only the paths, which are canonical. Examining the folders of each pair would take too long.
            let own = strays.iter().filter(|(checkout, _)| *checkout == root);
            status.elsewhere = own.map(|(_, stray)| stray.clone()).collect();
        }
    }
}

/// Tests if the holder of a port may belong to a checkout. One without a recorded checkout may belong to any.
fn may_belong(holder: &Allocation, checkout: &Path) -> bool {
    let dir = holder.dir.as_deref();
    dir.is_none_or(|dir| compare::compare(checkout, dir) == CheckoutMatch::Same)
}
