//! Changing what is stored.

use std::path::Path;

use redb::{ReadableTable, WriteTransaction};

use super::base;
use super::changes::{Change, Changes};
use super::recent::Cache;
use super::rows::{Rows, StoredRows};
use super::schema::META_IS_NAMED;
use crate::allocate::request::Claim;
use crate::allocation::Allocation;
use crate::port::Port;
use crate::store::disk;
use crate::store::fault::Fault;
use crate::store::file::Access;
use crate::timestamp::Timestamp;

/// The stored rows in the hands of the one writer. Changes are made in memory, and written down at the
/// end.
pub(crate) struct Ledger<'txn> {
    rows: StoredRows<&'txn WriteTransaction>,
    /// The store is to be written to, changes or not.
    is_touched: bool,
}

impl<'txn> Ledger<'txn> {
    pub(in crate::store) fn open(
        txn: &'txn WriteTransaction,
        path: &Path,
        cache: &Cache,
    ) -> Result<Ledger<'txn>, Fault> {
        Ok(Ledger {
            rows: StoredRows::new(base::to_write(txn, path)?, cache)?,
            is_touched: false,
        })
    }

    /// Tells if there is anything to commit.
    pub(in crate::store) fn has_changes(&self) -> bool {
        self.is_touched || !self.rows.own.is_empty()
    }

    /// Writes down what was done through this ledger, and gives it.
    pub(in crate::store) fn write_down(self, path: &Path) -> Result<Changes, Fault> {
        let StoredRows {
            mut tables,
            recent,
            own,
        } = self.rows;
        // Before the first commit that is told to anybody, the store's file has to be known by its
        // name. Whoever created it may have been killed before the folder was on the disk.
        if tables.meta.get(META_IS_NAMED)?.is_none() {
            disk::sync_names(path).map_err(|error| Fault::File(error, Access::ReadWrite))?;
            tables.meta.insert(META_IS_NAMED, 1)?;
        }
        if own.is_empty() {
            recent.touch(&mut tables)?;
        } else {
            recent.add(&mut tables, &own)?;
        }
        Ok(own)
    }

    pub(crate) fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    /// Has something written to the store that changes nothing.
    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// Gives a free port to a service that has none, and the allocation the next number.
    pub(crate) fn insert(&mut self, claim: &Claim, port: Port) -> Result<Allocation, Fault> {
        let id = self.rows.next_id()?;
        if id.get() == u64::MAX {
            return Err(Fault::Damaged("the ids are used up".to_owned()));
        }
        // A contradiction must fail the request that meets it, and not all writers once the changes
        // are merged.
        let is_free = self.rows.free_runs(port.get()..=port.get())?.next();
        if is_free.transpose()?.is_none() || self.rows.by_port(port)?.is_some() {
            let damage = format!("port {port} is free by one table and taken by another");
            return Err(Fault::Damaged(damage));
        }
        let allocation = Allocation {
            id,
            key: claim.key.clone(),
            port,
            created_at: claim.created_at.unwrap_or_else(Timestamp::now),
            dir: claim.dir.clone(),
        };
        self.rows.own.note(Change::Held(allocation.clone()));
        Ok(allocation)
    }

    /// Records another checkout for an allocation.
    pub(crate) fn set_dir(&mut self, allocation: Allocation, dir: String) -> Allocation {
        let allocation = Allocation {
            dir: Some(dir),
            ..allocation
        };
        self.rows.own.note(Change::Held(allocation.clone()));
        allocation
    }

    /// Frees the port of an allocation, which must be there.
    pub(crate) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let is_whole = self.rows.by_port(allocation.port)?.as_ref() == Some(allocation)
            && self.rows.by_key(&allocation.key)?.as_ref() == Some(allocation);
        if !is_whole {
            let id = allocation.id;
            return Err(Fault::Damaged(format!("an index misses allocation {id}")));
        }
        self.rows.own.note(Change::Released(allocation.clone()));
        Ok(())
    }
}
