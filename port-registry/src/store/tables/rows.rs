//! The rows that a transaction sees: the tables, the changes in the journal on top, and in a write transaction its own
//! changes.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::base::BaseTables;
use super::changes::{Change, Changes};
use crate::store::fault::Fault;
use crate::store::snapshot::Snapshot;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::CheckoutPath;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;

/// Queries in read and write transactions.
pub(crate) trait Rows {
    /// Returns the allocation with this id.
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault>;
    /// Returns the allocation that holds the port.
    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault>;
    /// Returns the allocation of the service.
    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault>;
    /// Returns the allocations that match, ordered by id.
    fn matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;
    /// Returns the name of a checkout. Returns `None` if it has no allocation with a name.
    fn checkout_name(&self, dir: &CheckoutPath) -> Result<Option<CheckoutName>, Fault>;
    /// Returns the ports of a span that are not allocated, as runs in ascending order. Runs may be adjacent.
    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault>;
    /// Checks the invariants.
    fn check(&self) -> Result<(), Fault>;
    /// Returns the version of the file format, or `None` if the store does not exist.
    fn format_version(&self) -> Option<u64>;
    /// Tests if the store exists, but not its journal.
    fn lacks_journal(&self) -> bool;
    /// Returns the number of changes in the journal that are not in the database yet, or `None` if there is no journal.
    fn journaled(&self) -> Option<usize>;
}

/// Runs of free ports that are read lazily.
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

    fn checkout_name(&self, _: &CheckoutPath) -> Result<Option<CheckoutName>, Fault> {
        Ok(None)
    }

    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault> {
        Ok(Box::new(std::iter::once(Ok(span))))
    }

    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn format_version(&self) -> Option<u64> {
        None
    }

    fn lacks_journal(&self) -> bool {
        false
    }

    fn journaled(&self) -> Option<usize> {
        None
    }
}

/// The rows of a store, in one transaction.
#[derive(Debug)]
pub(in crate::store) struct StoredRows {
    pub(in crate::store) snapshot: Arc<Snapshot>,
    /// The changes of this transaction.
    pub(in crate::store) own: Changes,
    /// The next id after them.
    pub(in crate::store) next_id: u64,
}

impl StoredRows {
    pub(in crate::store) fn new(snapshot: Arc<Snapshot>) -> StoredRows {
        StoredRows {
            next_id: snapshot.next_id,
            snapshot,
            own: Changes::default(),
        }
    }

    fn tables(&self) -> &BaseTables {
        &self.snapshot.generation.tables
    }

    /// Returns the layers on top of the tables, the latest first. The first layer with a change decides.
    fn layers(&self) -> [&Changes; 2] {
        [&self.own, &self.snapshot.changes]
    }

    /// Looks in the layers, and in the tables if no layer has a change.
    fn look_up(
        &self,
        in_layer: impl Fn(&Changes) -> Option<&Change>,
        in_tables: impl FnOnce(&BaseTables) -> Result<Option<Allocation>, Fault>,
    ) -> Result<Option<Allocation>, Fault> {
        match self.layers().into_iter().find_map(in_layer) {
            Some(change) => Ok(change.held().cloned()),
            None => in_tables(self.tables()),
        }
    }

    /// Checks that all allocations of a checkout carry the same name.
    fn check_checkout_names(&self) -> Result<(), Fault> {
        let mut names = HashMap::new();
        for allocation in self.matching(&Filter::new())? {
            let name = allocation.checkout_name();
            let Some(dir) = allocation.dir else {
                continue;
            };
            if *names.entry(dir).or_insert_with(|| name.clone()) != name {
                let damage = format!("allocation {} has another checkout name", allocation.id);
                return Err(Fault::Damaged(damage));
            }
        }
        Ok(())
    }
}

impl Rows for StoredRows {
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
        if let Some(port) = filter.port() {
            let holder = self.by_port(port)?;
            return Ok(holder.into_iter().filter(|it| filter.matches(it)).collect());
        }
        let [own, journal] = self.layers();
        let mut found = self.tables().matching(filter)?;
        found.retain(|row| {
            own.by_id(row.id)
                .or_else(|| journal.by_id(row.id))
                .is_none()
        });
        let journaled = journal
            .matching(filter)
            .filter(|it| own.by_id(it.id).is_none());
        found.extend(journaled.chain(own.matching(filter)).cloned());
        found.sort_by_key(|it| it.id);
        Ok(found)
    }

    fn checkout_name(&self, dir: &CheckoutPath) -> Result<Option<CheckoutName>, Fault> {
        // All allocations of a checkout carry its name, so that any of them tells it.
        let [own, journal] = self.layers();
        let filter = Filter::new().with_dir(dir.clone());
        let mut journaled = journal
            .matching(&filter)
            .filter(|it| own.by_id(it.id).is_none());
        if let Some(changed) = own.matching(&filter).next().or_else(|| journaled.next()) {
            return Ok(changed.checkout_name());
        }
        for row in self.tables().in_checkout(dir, None)? {
            let row = row?;
            if own
                .by_id(row.id)
                .or_else(|| journal.by_id(row.id))
                .is_none()
            {
                return Ok(row.checkout_name());
            }
        }
        Ok(None)
    }

    fn free_runs(&self, span: RangeInclusive<u16>) -> Result<FreeRuns<'_>, Fault> {
        let [own, journal] = self.layers();
        let runs = self.tables().free_runs(span.clone())?;
        let runs = journal.free_ports().apply(runs, span.clone());
        Ok(Box::new(own.free_ports().apply(runs, span)))
    }

    fn check(&self) -> Result<(), Fault> {
        self.tables().check()?;
        self.snapshot.check()?;
        self.check_checkout_names()
    }

    fn format_version(&self) -> Option<u64> {
        let [format, ..] = self.snapshot.generation.formats;
        Some(format)
    }

    fn lacks_journal(&self) -> bool {
        self.snapshot.journal.is_none()
    }

    fn journaled(&self) -> Option<usize> {
        self.snapshot.journaled()
    }
}
