//! The stored rows as one transaction sees them: the tables, the recent changes to them, and, in a write
//! transaction, its own.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use redb::ReadTransaction;

use super::base::{self, Tables, Transaction};
use super::changes::{Change, Changes};
use super::recent::{Cache, Recent};
use super::schema::stored_id;
use crate::allocation::{Allocation, AllocationId, Filter};
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::store::fault::Fault;

/// The queries that can be made inside and outside of a write transaction.
pub(crate) trait Rows {
    /// The allocation of this number.
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault>;
    /// The allocation that holds the port.
    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault>;
    /// The allocation that the service holds.
    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault>;
    /// The allocations that match, by id.
    fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;
    /// Runs of ports without an allocation that make up those of a span, in ascending order.
    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault>;
    /// Checks the invariants.
    fn check(&self) -> Result<(), Fault>;
    /// The layout in which it is stored. `None` where there is no store yet.
    fn format_version(&self) -> Result<Option<u64>, Fault>;
}

/// Runs of free ports, as they are read.
pub(crate) type FreeRuns<'a> = Box<dyn Iterator<Item = Result<RangeInclusive<u16>, Fault>> + 'a>;

/// The rows of a store that does not exist yet.
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

    fn format_version(&self) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

/// The rows of a store, in one transaction.
pub(in crate::store) struct StoredRows<T: Transaction> {
    pub(in crate::store) tables: Tables<T>,
    pub(in crate::store) recent: Arc<Recent>,
    /// The changes of this transaction itself.
    pub(in crate::store) own: Changes,
}

/// The rows as they were when a reader came. An error if they are not those of a registry that we know.
pub(in crate::store) fn snapshot(
    txn: &ReadTransaction,
    path: &Path,
    cache: &Cache,
) -> Result<StoredRows<ReadTransaction>, Fault> {
    StoredRows::new(base::to_read(txn, path)?, cache)
}

impl<T: Transaction> StoredRows<T> {
    pub(in crate::store) fn new(tables: Tables<T>, cache: &Cache) -> Result<StoredRows<T>, Fault> {
        Ok(StoredRows {
            recent: cache.as_of(&tables)?,
            tables,
            own: Changes::default(),
        })
    }

    /// From the latest on down. What one of them says is what counts.
    fn layers(&self) -> [&Changes; 2] {
        [&self.own, self.recent.changes()]
    }

    /// Looks in the layers, and in the tables beneath them if no layer has an answer.
    fn look_up(
        &self,
        in_layer: impl Fn(&Changes) -> Option<&Change>,
        in_tables: impl FnOnce(&Tables<T>) -> Result<Option<Allocation>, Fault>,
    ) -> Result<Option<Allocation>, Fault> {
        match self.layers().into_iter().find_map(in_layer) {
            Some(change) => Ok(change.held().cloned()),
            None => in_tables(&self.tables),
        }
    }

    /// Tells if changes took effect, as far as can be seen. Ids are never given twice, so that rows of
    /// these ids are theirs. A row that came and went leaves no trace but the id that is given next.
    pub(in crate::store) fn show(&self, changes: &Changes) -> Result<bool, Fault> {
        for (id, change) in changes.iter() {
            if self.by_id(id)?.as_ref() != change.held() {
                return Ok(false);
            }
        }
        Ok(!changes.is_empty() && self.next_id()?.get() >= changes.next_id())
    }

    /// The id that is given next.
    pub(in crate::store) fn next_id(&self) -> Result<AllocationId, Fault> {
        let [own, recent] = self.layers().map(Changes::next_id);
        stored_id(self.tables.next_id()?.max(own).max(recent))
    }
}

impl<T: Transaction> Rows for StoredRows<T> {
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault> {
        self.look_up(|layer| layer.by_id(id), |tables| tables.by_id(id))
    }

    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault> {
        self.look_up(|layer| layer.by_port(port), |tables| tables.by_port(port))
    }

    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault> {
        self.look_up(|layer| layer.by_key(key), |tables| tables.by_key(key))
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        if let Some(port) = filter.port {
            let holder = self.by_port(port)?;
            return Ok(holder.into_iter().filter(|it| filter.matches(it)).collect());
        }
        let [own, recent] = self.layers();
        let mut found = self.tables.matching(filter)?;
        found.retain(|row| own.by_id(row.id).or_else(|| recent.by_id(row.id)).is_none());
        let recent_only = recent.iter().filter(|(id, _)| own.by_id(*id).is_none());
        let changed = recent_only.chain(own.iter());
        let held = changed.filter_map(|(_, change)| change.held());
        found.extend(held.filter(|it| filter.matches(it)).cloned());
        found.sort_by_key(|it| it.id);
        Ok(found)
    }

    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault> {
        let [own, recent] = self.layers();
        let runs = self.tables.free_runs(span.clone())?;
        let runs = recent.free_ports().apply(runs, span.clone());
        Ok(Box::new(own.free_ports().apply(runs, span)))
    }

    fn check(&self) -> Result<(), Fault> {
        self.tables.check()?;
        self.recent.check(&self.tables)
    }

    fn format_version(&self) -> Result<Option<u64>, Fault> {
        self.tables.format_version()
    }
}
