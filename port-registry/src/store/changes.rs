//! Changes to the allocations, in memory, with the indexes that it takes to see them on top of the
//! tables.

use std::collections::{BTreeMap, HashMap};

use super::changed_ports::ChangedPorts;
use crate::allocation::{Allocation, AllocationId};
use crate::port::Port;
use crate::service_key::ServiceKey;

/// Changes in the order in which they were made. Each of the questions that can be asked is answered by
/// `None` where they changed nothing, so that what is beneath them counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    rows: BTreeMap<AllocationId, Change>,
    /// The ports that were given or freed, and who holds them now.
    ports: HashMap<Port, Option<AllocationId>>,
    free_ports: ChangedPorts,
    services: HashMap<ServiceKey, Option<AllocationId>>,
    /// The least id that is greater than all in here.
    next_id: u64,
}

/// What became of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is as it is here: new, or another than before.
    Held(Allocation),
    /// It is no more. This is what it was.
    Released(Allocation),
}

impl Changes {
    pub(super) fn note(&mut self, change: Change) {
        let (id, holder) = match &change {
            Change::Held(allocation) => (allocation.id, Some(allocation.id)),
            Change::Released(allocation) => (allocation.id, None),
        };
        let allocation = change.allocation();
        self.ports.insert(allocation.port, holder);
        self.free_ports.set(allocation.port, holder.is_none());
        self.services.insert(allocation.key.clone(), holder);
        self.next_id = self.next_id.max(id.get().saturating_add(1));
        self.rows.insert(id, change);
    }

    /// What they made of the allocation of this number; `Some(None)` if it was released.
    pub(super) fn by_id(&self, id: AllocationId) -> Option<Option<&Allocation>> {
        self.rows.get(&id).map(Change::held)
    }

    /// Who holds the port now.
    pub(super) fn by_port(&self, port: Port) -> Option<Option<&Allocation>> {
        self.ports.get(&port).map(|holder| self.held(*holder))
    }

    /// What the service holds now.
    pub(super) fn by_key(&self, key: &ServiceKey) -> Option<Option<&Allocation>> {
        self.services.get(key).map(|holder| self.held(*holder))
    }

    fn held(&self, id: Option<AllocationId>) -> Option<&Allocation> {
        id.and_then(|id| self.by_id(id).flatten())
    }

    /// What became of each allocation that was changed, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (AllocationId, &Change)> {
        self.rows.iter().map(|(id, change)| (*id, change))
    }

    /// What became of ports.
    pub(super) fn free_ports(&self) -> &ChangedPorts {
        &self.free_ports
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many allocations were changed.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The least id that is greater than all in here.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }
}

impl Change {
    /// The allocation, held or not.
    pub(super) fn allocation(&self) -> &Allocation {
        match self {
            Change::Held(allocation) | Change::Released(allocation) => allocation,
        }
    }

    pub(super) fn held(&self) -> Option<&Allocation> {
        match self {
            Change::Held(allocation) => Some(allocation),
            Change::Released(_) => None,
        }
    }
}
