//! The tables, in and out of a write transaction, without the changes that are not in them yet.
//!
//! Invariants, which every transaction keeps:
//!
//! - `ports` and `services` hold exactly one entry for each row of `allocations`.
//! - `free` holds the ports without a row as maximal runs: disjoint, and no two adjacent.
//! - Every id of a row is less than `next_id`.

use std::ops::RangeInclusive;
use std::path::Path;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, Value,
    WriteTransaction,
};

use super::free_ports;
use super::schema::{
    self, ALLOCATIONS, ChangedRow, FREE, META, META_FORMAT, META_MERGED, META_NEXT_ID, Names,
    PORTS, RECENT, Row, SERVICES, allocation, damaged, ours, row, stored_id, stored_key,
};
use crate::allocation::{Allocation, AllocationId, Filter};
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::store::fault::Fault;

/// A transaction that tables can be opened in.
pub(crate) trait Transaction {
    type Table<K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Self::Table<K, V>, TableError>;
}

impl Transaction for ReadTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<ReadOnlyTable<K, V>, TableError> {
        self.open_table(definition)
    }
}

impl<'txn> Transaction for &'txn WriteTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = Table<'txn, K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Table<'txn, K, V>, TableError> {
        self.open_table(definition)
    }
}

/// The tables of one transaction.
pub(in crate::store) struct Tables<T: Transaction> {
    allocations: T::Table<u64, Row>,
    ports: T::Table<u16, u64>,
    services: T::Table<Names, u64>,
    free: T::Table<u16, u16>,
    /// The changes that are not in these tables yet.
    pub(in crate::store) recent: T::Table<u64, ChangedRow>,
    pub(in crate::store) meta: T::Table<&'static str, u64>,
}

/// The tables in the hands of the one writer.
pub(in crate::store) type WriteTables<'txn> = Tables<&'txn WriteTransaction>;

/// Opens the tables of a reader. An error if they are not those of a registry that we know.
pub(in crate::store) fn to_read(
    txn: &ReadTransaction,
    path: &Path,
) -> Result<Tables<ReadTransaction>, Fault> {
    let meta = ours(txn.open_table(META), path)?;
    schema::check_format(&meta, path)?;
    Tables::open(txn, meta)
}

/// Opens the tables of a writer. An error if they are not those of a registry that we know.
pub(in crate::store) fn to_write<'a>(
    txn: &'a WriteTransaction,
    path: &Path,
) -> Result<WriteTables<'a>, Fault> {
    let meta = ours(txn.open_table(META), path)?;
    schema::check_format(&meta, path)?;
    Tables::open(&txn, meta)
}

impl<T: Transaction> Tables<T> {
    fn open(txn: &T, meta: T::Table<&'static str, u64>) -> Result<Tables<T>, Fault> {
        Ok(Tables {
            allocations: txn.open(ALLOCATIONS).map_err(damaged)?,
            ports: txn.open(PORTS).map_err(damaged)?,
            services: txn.open(SERVICES).map_err(damaged)?,
            free: txn.open(FREE).map_err(damaged)?,
            recent: txn.open(RECENT).map_err(damaged)?,
            meta,
        })
    }

    pub(in crate::store) fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault> {
        let row = self.allocations.get(id.get())?;
        row.map(|row| allocation(id, row.value())).transpose()
    }

    pub(in crate::store) fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault> {
        match self.ports.get(port.get())? {
            Some(id) => self.indexed(id.value(), |it| it.port == port).map(Some),
            None => Ok(None),
        }
    }

    pub(in crate::store) fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault> {
        match self.services.get(stored_key(key))? {
            Some(id) => self.indexed(id.value(), |it| it.key == *key).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the rows that match, in no particular order.
    pub(in crate::store) fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        if let Some(app) = &filter.app {
            return self.of_app(app, filter);
        }
        let mut found = Vec::new();
        for entry in self.allocations.iter()? {
            let (id, row) = entry?;
            let allocation = allocation(stored_id(id.value())?, row.value())?;
            if filter.matches(&allocation) {
                found.push(allocation);
            }
        }
        Ok(found)
    }

    /// Finds the rows of an app by the index of services.
    fn of_app(&self, app: &str, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        let mut found = Vec::new();
        let instance = filter.instance.as_deref();
        for entry in self.services.range((app, instance.unwrap_or(""), "")..)? {
            let (key, id) = entry?;
            let stored = key.value();
            let (of_app, of_instance, _) = stored;
            if of_app != app || instance.is_some_and(|instance| instance != of_instance) {
                break;
            }
            let allocation = self.indexed(id.value(), |it| stored_key(&it.key) == stored)?;
            if filter.matches(&allocation) {
                found.push(allocation);
            }
        }
        Ok(found)
    }

    /// The runs of free ports within a span, clipped to it, in ascending order.
    pub(in crate::store) fn free_runs(
        &self,
        span: RangeInclusive<u16>,
    ) -> Result<impl Iterator<Item = Result<RangeInclusive<u16>, Fault>>, Fault> {
        free_ports::runs(&self.free, span)
    }

    /// The id that is given next, but for recent changes.
    pub(in crate::store) fn next_id(&self) -> Result<u64, Fault> {
        let next_id = self.meta.get(META_NEXT_ID)?.map(|id| id.value());
        stored_id(next_id.unwrap_or(0)).map(AllocationId::get)
    }

    /// The layout that the tables are in.
    pub(in crate::store) fn format_version(&self) -> Result<Option<u64>, Fault> {
        let version = self.meta.get(META_FORMAT)?;
        Ok(version.map(|version| version.value()))
    }

    /// The number of the last change that is in the tables.
    pub(in crate::store) fn merged(&self) -> Result<u64, Fault> {
        let merged = self.meta.get(META_MERGED)?;
        Ok(merged.map_or(0, |merged| merged.value()))
    }

    /// The allocation that an index names, if it is the one that the index means.
    fn indexed(
        &self,
        id: u64,
        is_meant: impl Fn(&Allocation) -> bool,
    ) -> Result<Allocation, Fault> {
        let named = self.by_id(stored_id(id)?)?;
        named.filter(is_meant).ok_or_else(|| {
            Fault::Damaged(format!(
                "an index names allocation {id}, which is missing or another one"
            ))
        })
    }

    /// Checks the invariants.
    pub(in crate::store) fn check(&self) -> Result<(), Fault> {
        let next_id = self.next_id()?;
        let mut taken = vec![false; 1 << 16];
        let mut count = 0u64;
        for entry in self.allocations.iter()? {
            let (id, row) = entry?;
            let id = id.value();
            let allocation = allocation(stored_id(id)?, row.value())?;
            let of_port = self.ports.get(allocation.port.get())?.map(|id| id.value());
            let of_key = self
                .services
                .get(stored_key(&allocation.key))?
                .map(|id| id.value());
            if of_port != Some(id) || of_key != Some(id) || id >= next_id {
                return Err(Fault::Damaged(format!(
                    "allocation {id} is not the one that the indexes name"
                )));
            }
            taken[usize::from(allocation.port.get())] = true;
            count += 1;
        }
        if self.ports.iter()?.count() as u64 != count
            || self.services.iter()?.count() as u64 != count
        {
            return Err(Fault::Damaged("an index has entries to spare".to_owned()));
        }
        if free_ports::are_all_but(&self.free, &taken)? {
            Ok(())
        } else {
            Err(Fault::Damaged(
                "the free ports are not those without an allocation".to_owned(),
            ))
        }
    }
}

impl WriteTables<'_> {
    /// Adds the row of an allocation whose port and service have none.
    pub(in crate::store) fn insert(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id.get();
        let port = allocation.port;
        self.allocations.insert(id, row(allocation))?;
        self.ports.insert(port.get(), id)?;
        self.services.insert(stored_key(&allocation.key), id)?;
        free_ports::take(&mut self.free, port)
    }

    /// Puts another row in the place of one that differs in what no index holds.
    pub(in crate::store) fn replace(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id;
        let was_there = self
            .allocations
            .insert(id.get(), row(allocation))?
            .is_some();
        if was_there {
            return Ok(());
        }
        Err(Fault::Damaged(format!("allocation {id} is missing")))
    }

    /// Removes the row of an allocation, which must be there.
    pub(in crate::store) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id;
        let port = allocation.port;
        let was_whole = self.allocations.remove(id.get())?.is_some()
            && self.ports.remove(port.get())?.is_some()
            && self.services.remove(stored_key(&allocation.key))?.is_some();
        if !was_whole {
            return Err(Fault::Damaged(format!("an index misses allocation {id}")));
        }
        free_ports::give_back(&mut self.free, port)
    }
}
