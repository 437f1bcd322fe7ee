//! Reading the tables, in and out of a write transaction.
//!
//! Invariants, which every transaction keeps:
//!
//! - `ports` and `services` hold exactly one entry for each allocation.
//! - `free` holds the ports without an allocation as maximal runs: disjoint, and no two adjacent.
//! - Every id ever given is less than `next_id`.

use std::ops::RangeInclusive;
use std::path::Path;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::fault::Fault;
use super::free_ports;
use super::schema::{
    ALLOCATIONS, FREE, Key, META, META_NEXT_ID, PORTS, Row, SERVICES, allocation, check_format,
    damaged, ours, stored_id, stored_key,
};
use crate::allocation::{Allocation, AllocationId, Filter};
use crate::port::Port;
use crate::service_key::ServiceKey;

/// The tables of one transaction, to be read.
#[derive(Debug)]
pub(crate) struct Tables<A, P, S, F, M> {
    pub(super) allocations: A,
    pub(super) ports: P,
    pub(super) services: S,
    pub(super) free: F,
    pub(super) meta: M,
}

/// The tables as they were when a reader came.
pub(crate) type Snapshot = Tables<
    ReadOnlyTable<u64, Row>,
    ReadOnlyTable<u16, u64>,
    ReadOnlyTable<Key, u64>,
    ReadOnlyTable<u16, u16>,
    ReadOnlyTable<&'static str, u64>,
>;

/// What can be asked of the tables, inside and outside of a write transaction.
pub(crate) trait Rows {
    /// The allocation of this number.
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault>;
    /// The allocation that holds the port.
    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault>;
    /// The allocation that the service holds.
    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault>;
    /// The allocations that match, by id.
    fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;
    /// The runs of free ports within a span, clipped to it, in ascending order.
    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault>;
    /// Checks the invariants.
    fn check(&self) -> Result<(), Fault>;
}

/// Runs of free ports, as they are read.
pub(crate) type FreeRuns<'a> = Box<dyn Iterator<Item = Result<RangeInclusive<u16>, Fault>> + 'a>;

impl<A, P, S, F, M> Rows for Tables<A, P, S, F, M>
where
    A: ReadableTable<u64, Row>,
    P: ReadableTable<u16, u64>,
    S: ReadableTable<Key, u64>,
    F: ReadableTable<u16, u16>,
    M: ReadableTable<&'static str, u64>,
{
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault> {
        let row = self.allocations.get(id.get())?;
        row.map(|row| allocation(id, row.value())).transpose()
    }

    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault> {
        match self.ports.get(port.get())? {
            Some(id) => self.indexed(id.value(), |it| it.port == port).map(Some),
            None => Ok(None),
        }
    }

    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault> {
        match self.services.get(stored_key(key))? {
            Some(id) => self.indexed(id.value(), |it| it.key == *key).map(Some),
            None => Ok(None),
        }
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        if let Some(port) = filter.port {
            let holder = self.by_port(port)?;
            return Ok(holder.filter(|it| filter.matches(it)).into_iter().collect());
        }
        let Some(app) = filter.app.as_deref() else {
            return self.all_matching(filter);
        };
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
        found.sort_unstable_by_key(|allocation| allocation.id);
        Ok(found)
    }

    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault> {
        Ok(Box::new(free_ports::runs(&self.free, span)?))
    }

    fn check(&self) -> Result<(), Fault> {
        let next_id = self.next_id()?;
        let mut taken = vec![false; 1 << 16];
        let mut count = 0u64;
        for allocation in self.all_matching(&Filter::default())? {
            let id = allocation.id;
            let of_port = self.ports.get(allocation.port.get())?.map(|id| id.value());
            let of_key = self
                .services
                .get(stored_key(&allocation.key))?
                .map(|id| id.value());
            if of_port != Some(id.get()) || of_key != Some(id.get()) || id >= next_id {
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

/// What is stored where there is no store yet.
#[derive(Debug)]
pub(crate) struct NoRows;

impl Rows for NoRows {
    fn by_id(&self, _: AllocationId) -> Result<Option<Allocation>, Fault> {
        Ok(None)
    }

    fn by_port(&self, _: Port) -> Result<Option<Allocation>, Fault> {
        Ok(None)
    }

    fn by_key(&self, _: &ServiceKey) -> Result<Option<Allocation>, Fault> {
        Ok(None)
    }

    fn matching(&self, _: &Filter) -> Result<Vec<Allocation>, Fault> {
        Ok(Vec::new())
    }

    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault> {
        Ok(Box::new(std::iter::once(Ok(span))))
    }

    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<A, P, S, F, M> Tables<A, P, S, F, M>
where
    A: ReadableTable<u64, Row>,
    P: ReadableTable<u16, u64>,
    S: ReadableTable<Key, u64>,
    F: ReadableTable<u16, u16>,
    M: ReadableTable<&'static str, u64>,
{
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

    fn all_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
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

    /// The id that is given next.
    pub(super) fn next_id(&self) -> Result<AllocationId, Fault> {
        let next_id = self.meta.get(META_NEXT_ID)?.map(|id| id.value());
        stored_id(next_id.unwrap_or(0))
    }
}

/// The tables of a reader. An error if they are not those of a registry that we know.
pub(super) fn snapshot(txn: &ReadTransaction, path: &Path) -> Result<Snapshot, Fault> {
    let meta = ours(txn.open_table(META), path)?;
    check_format(&meta, path)?;
    Ok(Tables {
        allocations: txn.open_table(ALLOCATIONS).map_err(damaged)?,
        ports: txn.open_table(PORTS).map_err(damaged)?,
        services: txn.open_table(SERVICES).map_err(damaged)?,
        free: txn.open_table(FREE).map_err(damaged)?,
        meta,
    })
}
