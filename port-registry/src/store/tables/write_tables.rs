//! The tables of a database that is being changed.

use redb::{ReadableTable, Table, WriteTransaction};

use super::free_ports;
use super::schema::{
    ALLOCATIONS, CHECKOUTS, CheckoutEntry, FREE, META, META_CHAIN, META_NEXT_ID, META_SEQUENCE,
    Names, PORTS, Row, SERVICES, allocation, checkout_entry, missing_table, row, stored_key,
};
use crate::store::fault::Fault;
use crate::store::position::Position;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;

/// The tables of a write transaction.
pub(in crate::store) struct WriteTables<'txn> {
    allocations: Table<'txn, u64, Row>,
    ports: Table<'txn, u16, u64>,
    services: Table<'txn, Names, u64>,
    checkouts: Table<'txn, CheckoutEntry, ()>,
    free: Table<'txn, u16, u16>,
    meta: Table<'txn, &'static str, u64>,
}

impl<'txn> WriteTables<'txn> {
    pub(in crate::store) fn open(txn: &'txn WriteTransaction) -> Result<WriteTables<'txn>, Fault> {
        Ok(WriteTables {
            allocations: txn.open_table(ALLOCATIONS).map_err(missing_table)?,
            ports: txn.open_table(PORTS).map_err(missing_table)?,
            services: txn.open_table(SERVICES).map_err(missing_table)?,
            checkouts: txn.open_table(CHECKOUTS).map_err(missing_table)?,
            free: txn.open_table(FREE).map_err(missing_table)?,
            meta: txn.open_table(META).map_err(missing_table)?,
        })
    }

    /// Notes the last commit in the tables, and the next id at that commit.
    pub(in crate::store) fn set_position(
        &mut self,
        position: Position,
        next_id: u64,
    ) -> Result<(), Fault> {
        self.meta.insert(META_SEQUENCE, position.sequence)?;
        self.meta.insert(META_CHAIN, position.chain)?;
        self.meta.insert(META_NEXT_ID, next_id)?;
        Ok(())
    }

    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault> {
        let row = self.allocations.get(id.get())?;
        row.map(|row| allocation(id, row.value())).transpose()
    }

    /// Inserts the row of an allocation whose port and service have none.
    pub(in crate::store) fn insert(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id.get();
        let port = allocation.port;
        self.allocations.insert(id, row(allocation))?;
        self.ports.insert(port.get(), id)?;
        self.services.insert(stored_key(&allocation.key), id)?;
        if let Some(entry) = checkout_entry(allocation) {
            self.checkouts.insert(entry, ())?;
        }
        free_ports::take(&mut self.free, port)
    }

    /// Replaces the row of an allocation whose port and service stay the same.
    pub(in crate::store) fn replace(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id;
        let Some(before) = self.by_id(id)? else {
            return Err(Fault::Damaged(format!("allocation {id} is missing")));
        };
        self.allocations.insert(id.get(), row(allocation))?;
        if let Some(entry) = checkout_entry(&before) {
            self.checkouts.remove(entry)?;
        }
        if let Some(entry) = checkout_entry(allocation) {
            self.checkouts.insert(entry, ())?;
        }
        Ok(())
    }

    /// Removes the row of an allocation, which must exist.
    pub(in crate::store) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id;
        let port = allocation.port;
        // A recent change to the row may have recorded another checkout than the tables.
        let stored = self.by_id(id)?;
        let was_in_checkout = match stored.as_ref().and_then(checkout_entry) {
            Some(entry) => self.checkouts.remove(entry)?.is_some(),
            None => true,
        };
        let was_whole = was_in_checkout
            && self.allocations.remove(id.get())?.is_some()
            && self.ports.remove(port.get())?.is_some()
            && self.services.remove(stored_key(&allocation.key))?.is_some();
        if !was_whole {
            return Err(Fault::Damaged(format!(
                "allocation {id} is missing in the tables or an index"
            )));
        }
        free_ports::release(&mut self.free, port)
    }
}
