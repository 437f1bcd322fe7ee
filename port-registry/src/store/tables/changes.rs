//! Changes to the allocations, in memory, with the indexes that it takes to see them on top of the
//! tables.

use std::collections::{BTreeMap, HashMap};

use super::changed_ports::ChangedPorts;
use crate::allocation::{Allocation, AllocationId};
use crate::port::Port;
use crate::service_key::ServiceKey;

/// Changes to allocations, the latest one of each. A question about a port, a name or an id is answered by
/// the last change that concerns it; `None` means that no change does, so that what is beneath them counts.
///
/// They may be noted in the order of the ids, whatever order they were made in: whoever gets a port or a
/// name from another allocation has a greater id than that one, and an allocation keeps both for as long
/// as it is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Changes {
    /// What became of each allocation that was changed.
    rows: BTreeMap<AllocationId, Change>,
    /// The allocations that were the last to be given the port, or to give it back.
    ports: HashMap<Port, AllocationId>,
    services: HashMap<ServiceKey, AllocationId>,
    free_ports: ChangedPorts,
}

/// What became of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Change {
    /// It is as it is here: new, or another than before.
    Held(Allocation),
    /// It is no more. This is what it was.
    Released(Allocation),
}

impl Changes {
    pub(in crate::store) fn note(&mut self, change: Change) {
        let allocation = change.allocation();
        let id = allocation.id;
        self.ports.insert(allocation.port, id);
        self.services.insert(allocation.key.clone(), id);
        let is_free = change.held().is_none();
        self.free_ports.set(allocation.port, is_free);
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

    /// What became of each allocation that was changed, by id.
    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = (AllocationId, &Change)> {
        self.rows.iter().map(|(id, change)| (*id, change))
    }

    /// What became of ports.
    pub(in crate::store) fn free_ports(&self) -> &ChangedPorts {
        &self.free_ports
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many allocations were changed.
    pub(in crate::store) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The least id that is greater than all in here; 0 if there are none.
    pub(in crate::store) fn next_id(&self) -> u64 {
        let last = self.rows.last_key_value();
        last.map_or(0, |(id, _)| id.get().saturating_add(1))
    }
}

impl Change {
    /// The allocation, held or not.
    pub(in crate::store) fn allocation(&self) -> &Allocation {
        match self {
            Change::Held(allocation) | Change::Released(allocation) => allocation,
        }
    }

    pub(in crate::store) fn held(&self) -> Option<&Allocation> {
        match self {
            Change::Held(allocation) => Some(allocation),
            Change::Released(_) => None,
        }
    }
}
