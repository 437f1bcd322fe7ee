//! The tables of a database, without the changes in the journal.
//!
//! Every database keeps these invariants:
//!
//! - `ports` and `services` contain exactly one entry for each row of `allocations`.
//! - `checkouts` contains exactly one entry for each row with a checkout.
//! - `free` contains the ports without a row as maximal runs: they are disjoint and not adjacent.
//! - The id of each row is less than `next_id`.

use std::ops::RangeInclusive;
use std::path::Path;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::free_ports;
use super::schema::{
    self, ALLOCATIONS, CHECKOUTS, CheckoutEntry, FREE, META, META_CHAIN, META_FORMAT,
    META_MIN_READER, META_MIN_WRITER, META_NEXT_ID, META_SEQUENCE, META_STORE, Names, PORTS, Row,
    SERVICES, allocation, checkout_entry, missing_table, stored_id, stored_key,
};
use crate::store::fault::Fault;
use crate::store::position::Position;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_path::CheckoutPath;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;

/// The tables of a read transaction.
pub(in crate::store) struct BaseTables {
    allocations: ReadOnlyTable<u64, Row>,
    ports: ReadOnlyTable<u16, u64>,
    services: ReadOnlyTable<Names, u64>,
    checkouts: ReadOnlyTable<CheckoutEntry, ()>,
    free: ReadOnlyTable<u16, u16>,
    meta: ReadOnlyTable<&'static str, u64>,
}

impl BaseTables {
    /// Opens the tables. Fails if the file is not a registry of a format that this program can read.
    pub(in crate::store) fn open(txn: &ReadTransaction, path: &Path) -> Result<BaseTables, Fault> {
        let meta = schema::open_meta(txn.open_table(META), path)?;
        schema::check_format(&meta, path)?;
        Ok(BaseTables {
            allocations: txn.open_table(ALLOCATIONS).map_err(missing_table)?,
            ports: txn.open_table(PORTS).map_err(missing_table)?,
            services: txn.open_table(SERVICES).map_err(missing_table)?,
            checkouts: txn.open_table(CHECKOUTS).map_err(missing_table)?,
            free: txn.open_table(FREE).map_err(missing_table)?,
            meta,
        })
    }

    /// Returns the number of rows.
    pub(in crate::store) fn len(&self) -> Result<u64, Fault> {
        Ok(self.allocations.len()?)
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
        if let Some(dir) = filter.dir() {
            let found = self.in_checkout(dir, filter.service())?;
            return found
                .filter(|it| it.as_ref().map_or(true, |it| filter.matches(it)))
                .collect();
        }
        if let Some(app) = filter.app() {
            return self.matching_in_app(app, filter);
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

    /// Returns the rows of a checkout, or of its allocations of one service, through the index.
    pub(in crate::store) fn in_checkout<'a>(
        &'a self,
        dir: &'a CheckoutPath,
        service: Option<&'a str>,
    ) -> Result<impl Iterator<Item = Result<Allocation, Fault>> + 'a, Fault> {
        let first = (dir.as_str(), service.unwrap_or(""), 0);
        let entries = self.checkouts.range(first..)?;
        Ok(entries.map_while(move |entry| {
            let key = match entry {
                Ok((key, _)) => key,
                Err(error) => return Some(Err(error.into())),
            };
            let stored = key.value();
            let (of_dir, of_service, id) = stored;
            if of_dir != dir.as_str() || service.is_some_and(|service| service != of_service) {
                return None;
            }
            Some(self.indexed(id, |it| checkout_entry(it) == Some(stored)))
        }))
    }

    /// Finds the matching rows of an app through the index of services.
    fn matching_in_app(&self, app: &str, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        if let (Some(instance), Some(service)) = (filter.instance(), filter.service()) {
            let id = self.services.get((app, instance, service))?;
            let is_expected = |it: &Allocation| stored_key(&it.key) == (app, instance, service);
            let found = id.map(|id| self.indexed(id.value(), is_expected));
            let found = found.transpose()?.into_iter();
            return Ok(found.filter(|it| filter.matches(it)).collect());
        }
        let mut found = Vec::new();
        let instance = filter.instance();
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

    /// Returns the runs of free ports, clipped to a span, in ascending order.
    pub(in crate::store) fn free_runs(
        &self,
        span: RangeInclusive<u16>,
    ) -> Result<impl Iterator<Item = Result<RangeInclusive<u16>, Fault>>, Fault> {
        free_ports::runs(&self.free, span)
    }

    /// Returns the next id at the last commit in the tables.
    pub(in crate::store) fn next_id(&self) -> Result<u64, Fault> {
        stored_id(self.number(META_NEXT_ID)?.unwrap_or(0)).map(AllocationId::get)
    }

    /// Returns the version of the file format, and the lowest ones that programs have to know to read and to write.
    pub(in crate::store) fn formats(&self) -> Result<[u64; 3], Fault> {
        Ok([
            self.required(META_FORMAT)?,
            self.required(META_MIN_READER)?,
            self.required(META_MIN_WRITER)?,
        ])
    }

    /// Returns the id of the store.
    pub(in crate::store) fn store(&self) -> Result<u64, Fault> {
        self.required(META_STORE)
    }

    /// Returns the last commit in the tables.
    pub(in crate::store) fn position(&self) -> Result<Position, Fault> {
        Ok(Position {
            sequence: self.required(META_SEQUENCE)?,
            chain: self.required(META_CHAIN)?,
        })
    }

    fn required(&self, name: &'static str) -> Result<u64, Fault> {
        let number = self.number(name)?;
        number.ok_or_else(|| Fault::Damaged(format!("{name} is missing")))
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, Fault> {
        Ok(self.meta.get(name)?.map(|number| number.value()))
    }

    /// Returns the allocation that an index refers to. Fails if it is missing or not the expected one.
    fn indexed(
        &self,
        id: u64,
        is_expected: impl Fn(&Allocation) -> bool,
    ) -> Result<Allocation, Fault> {
        let named = self.by_id(stored_id(id)?)?;
        named.filter(is_expected).ok_or_else(|| {
            Fault::Damaged(format!(
                "an index refers to allocation {id}, which is missing or another one"
            ))
        })
    }

    /// Checks the invariants.
    pub(in crate::store) fn check(&self) -> Result<(), Fault> {
        let next_id = self.next_id()?;
        let mut taken = vec![false; 1 << 16];
        let mut count = 0u64;
        let mut in_checkouts = 0u64;
        for entry in self.allocations.iter()? {
            let (id, row) = entry?;
            let id = id.value();
            let allocation = allocation(stored_id(id)?, row.value())?;
            let of_port = self.ports.get(allocation.port.get())?.map(|id| id.value());
            let of_key = self
                .services
                .get(stored_key(&allocation.key))?
                .map(|id| id.value());
            let is_in_checkout = match checkout_entry(&allocation) {
                Some(entry) => {
                    in_checkouts += 1;
                    self.checkouts.get(entry)?.is_some()
                }
                None => true,
            };
            if of_port != Some(id) || of_key != Some(id) || !is_in_checkout || id >= next_id {
                return Err(Fault::Damaged(format!(
                    "the indexes do not refer to allocation {id}"
                )));
            }
            taken[usize::from(allocation.port.get())] = true;
            count += 1;
        }
        if self.ports.iter()?.count() as u64 != count
            || self.services.iter()?.count() as u64 != count
            || self.checkouts.iter()?.count() as u64 != in_checkouts
        {
            return Err(Fault::Damaged(
                "an index has entries without an allocation".to_owned(),
            ));
        }
        if free_ports::are_all_but(&self.free, &taken)? {
            Ok(())
        } else {
            Err(Fault::Damaged(
                "the free ports are not the ports without an allocation".to_owned(),
            ))
        }
    }
}
