//! Changing the tables.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{ReadableTable, Table, WriteTransaction};

use super::create::Access;
use super::disk;
use super::fault::Fault;
use super::free_ports;
use super::schema::{
    ALLOCATIONS, FREE, Key, META, META_IS_NAMED, META_NEXT_ID, PORTS, Row, SERVICES, check_format,
    damaged, ours, row, stored_key,
};
use super::tables::{Rows, Snapshot, Tables};
use crate::allocation::{Allocation, AllocationId};
use crate::port::Port;
use crate::request::Claim;
use crate::timestamp::Timestamp;

/// The tables in the hands of the one writer.
pub(crate) struct Ledger<'txn> {
    tables: WriteTables<'txn>,
    changes: Changes,
}

type WriteTables<'txn> = Tables<
    Table<'txn, u64, Row>,
    Table<'txn, u16, u64>,
    Table<'txn, Key, u64>,
    Table<'txn, u16, u16>,
    Table<'txn, &'static str, u64>,
>;

/// What a transaction made of the rows it touched, so that it can be looked up whether it took
/// effect.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Each row as it is now, or `None` where it was removed.
    rows: BTreeMap<AllocationId, Option<Allocation>>,
    /// The id that is given next, or 0 if none was given.
    next_id: u64,
    /// Whether there is anything to commit, rows or not.
    are_to_commit: bool,
}

impl<'txn> Ledger<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction, path: &Path) -> Result<Ledger<'txn>, Fault> {
        let meta = ours(txn.open_table(META), path)?;
        check_format(&meta, path)?;
        Ok(Ledger {
            tables: Tables {
                allocations: txn.open_table(ALLOCATIONS).map_err(damaged)?,
                ports: txn.open_table(PORTS).map_err(damaged)?,
                services: txn.open_table(SERVICES).map_err(damaged)?,
                free: txn.open_table(FREE).map_err(damaged)?,
                meta,
            },
            changes: Changes::default(),
        })
    }

    /// Sees to it that the store's file keeps its name, before the first commit that is told to
    /// anybody. Whoever created it may have been killed before the folder was on the disk.
    pub(super) fn settle_name(&mut self, path: &Path) -> Result<(), Fault> {
        if self.tables.meta.get(META_IS_NAMED)?.is_none() {
            disk::sync_names(path).map_err(|error| Fault::File(error, Access::ReadWrite))?;
            self.tables.meta.insert(META_IS_NAMED, 1)?;
        }
        Ok(())
    }

    /// Whether there is anything to commit.
    pub(super) fn has_changes(&self) -> bool {
        self.changes.are_to_commit
    }

    /// What was done through this ledger.
    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(crate) fn rows(&self) -> &dyn Rows {
        &self.tables
    }

    /// Writes what an allocation would, and takes it back. The entries are none that there can be, as
    /// there is no port 0 and no empty name.
    pub(crate) fn touch(&mut self) -> Result<(), Fault> {
        const NO_KEY: (&str, &str, &str) = ("", "", "");
        let tables = &mut self.tables;
        let next_id = tables.next_id()?.get();
        tables.meta.insert(META_NEXT_ID, next_id)?;
        tables.allocations.insert(next_id, ("", "", "", 0, 0, ""))?;
        tables.allocations.remove(next_id)?;
        tables.ports.insert(0, next_id)?;
        tables.ports.remove(0)?;
        tables.services.insert(NO_KEY, next_id)?;
        tables.services.remove(NO_KEY)?;
        tables.free.insert(0, 0)?;
        tables.free.remove(0)?;
        self.changes.are_to_commit = true;
        Ok(())
    }

    /// Gives a free port to a service that has none, and the allocation the next number.
    pub(crate) fn insert(&mut self, claim: &Claim, port: Port) -> Result<Allocation, Fault> {
        let id = self.tables.next_id()?;
        let next_id = id.get().checked_add(1);
        let next_id = next_id.ok_or_else(|| Fault::Damaged("the ids are used up".to_owned()))?;
        self.tables.meta.insert(META_NEXT_ID, next_id)?;
        self.changes.next_id = next_id;
        let allocation = Allocation {
            id,
            key: claim.key.clone(),
            port,
            created_at: Timestamp::now(),
            dir: claim.dir.clone(),
        };
        let id = id.get();
        self.tables.allocations.insert(id, row(&allocation))?;
        self.tables.ports.insert(port.get(), id)?;
        self.tables
            .services
            .insert(stored_key(&allocation.key), id)?;
        free_ports::take(&mut self.tables.free, port)?;
        self.changes.note(allocation.id, Some(&allocation));
        Ok(allocation)
    }

    /// Records another checkout for an allocation.
    pub(crate) fn set_dir(
        &mut self,
        allocation: Allocation,
        dir: String,
    ) -> Result<Allocation, Fault> {
        let allocation = Allocation {
            dir: Some(dir),
            ..allocation
        };
        self.tables
            .allocations
            .insert(allocation.id.get(), row(&allocation))?;
        self.changes.note(allocation.id, Some(&allocation));
        Ok(allocation)
    }

    /// Frees the port of an allocation, which must be there.
    pub(crate) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let id = allocation.id;
        let tables = &mut self.tables;
        let was_whole = tables.allocations.remove(id.get())?.is_some()
            && tables.ports.remove(allocation.port.get())?.is_some()
            && tables
                .services
                .remove(stored_key(&allocation.key))?
                .is_some();
        if !was_whole {
            return Err(Fault::Damaged(format!("an index misses allocation {id}")));
        }
        free_ports::give_back(&mut self.tables.free, allocation.port)?;
        self.changes.note(id, None);
        Ok(())
    }
}

impl Changes {
    /// Notes what became of a row, whatever an earlier request made of it.
    fn note(&mut self, id: AllocationId, row: Option<&Allocation>) {
        self.rows.insert(id, row.cloned());
        self.are_to_commit = true;
    }

    /// Whether they took effect, as far as can be seen. Ids are never given twice, so that rows of
    /// these ids are ours. A row that came and went leaves no trace but the id that is given next.
    pub(super) fn are_in(&self, snapshot: &Snapshot) -> Result<bool, Fault> {
        for (id, row) in &self.rows {
            if snapshot.by_id(*id)? != *row {
                return Ok(false);
            }
        }
        Ok(!self.rows.is_empty() && snapshot.next_id()?.get() >= self.next_id)
    }
}
