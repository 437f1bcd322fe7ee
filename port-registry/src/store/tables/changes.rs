//! Changes to allocations in memory, with indexes to look them up on top of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::changed_ports::ChangedPorts;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_path::CheckoutPath;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;

/// The latest change to each changed allocation.
///
/// A look-up returns the latest change that concerns a port, a service or an id. It returns `None` if no change
/// does, so that the layer below decides.
///
/// Changes may be added in the order of ids instead of time. An allocation that gets a port or a service from
/// another one has a greater id, and an allocation keeps both while it is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Changes {
    rows: BTreeMap<AllocationId, Change>,
    /// The last allocation that got or released each port.
    ports: HashMap<Port, AllocationId>,
    services: HashMap<ServiceKey, AllocationId>,
    /// The checkout and service of each held allocation.
    checkouts: BTreeSet<(CheckoutPath, String, AllocationId)>,
    free_ports: ChangedPorts,
}

/// A change to an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Change {
    /// The allocation is new or was modified.
    Held(Allocation),
    /// The allocation was released.
    Released(Allocation),
}

impl Changes {
    pub(in crate::store) fn add(&mut self, change: Change) {
        let allocation = change.allocation();
        let id = allocation.id;
        self.ports.insert(allocation.port, id);
        self.services.insert(allocation.key.clone(), id);
        let is_free = change.held().is_none();
        self.free_ports.set(allocation.port, is_free);
        // The change may pass the allocation on to another checkout.
        if let Some(entry) = self.rows.get(&id).and_then(Change::checkout_entry) {
            self.checkouts.remove(&entry);
        }
        self.checkouts.extend(change.checkout_entry());
        self.rows.insert(id, change);
    }

    pub(in crate::store) fn by_id(&self, id: AllocationId) -> Option<&Change> {
        self.rows.get(&id)
    }

    pub(in crate::store) fn by_port(&self, port: Port) -> Option<&Change> {
        self.ports.get(&port).and_then(|id| self.by_id(*id))
    }

    pub(in crate::store) fn by_key(&self, key: &ServiceKey) -> Option<&Change> {
        self.services.get(key).and_then(|id| self.by_id(*id))
    }

    /// Returns the changes, ordered by id.
    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = (AllocationId, &Change)> {
        self.rows.iter().map(|(id, change)| (*id, change))
    }

    /// Returns the held allocations that match, in no particular order.
    pub(in crate::store) fn matching<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> Box<dyn Iterator<Item = &'a Allocation> + 'a> {
        let Some(dir) = filter.dir() else {
            let held = self.rows.values().filter_map(Change::held);
            return Box::new(held.filter(|it| filter.matches(it)));
        };
        let service = filter.service().unwrap_or("").to_owned();
        let entries = self
            .checkouts
            .range((dir.clone(), service, AllocationId::MIN)..);
        let ids = entries
            .take_while(move |(of_dir, of_service, _)| {
                of_dir == dir && filter.service().is_none_or(|it| it == of_service)
            })
            .map(|(_, _, id)| *id);
        let held = ids.filter_map(|id| self.by_id(id)?.held());
        Box::new(held.filter(|it| filter.matches(it)))
    }

    /// Returns the changes to the free ports.
    pub(in crate::store) fn free_ports(&self) -> &ChangedPorts {
        &self.free_ports
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the number of changed allocations.
    pub(in crate::store) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Change {
    /// Returns the allocation, held or released.
    pub(in crate::store) fn allocation(&self) -> &Allocation {
        match self {
            Change::Held(allocation) | Change::Released(allocation) => allocation,
        }
    }

    /// Returns the allocation if it is held.
    pub(in crate::store) fn held(&self) -> Option<&Allocation> {
        match self {
            Change::Held(allocation) => Some(allocation),
            Change::Released(_) => None,
        }
    }

    fn checkout_entry(&self) -> Option<(CheckoutPath, String, AllocationId)> {
        let held = self.held()?;
        let service = held.key.service().to_owned();
        Some((held.dir.clone()?, service, held.id))
    }
}
