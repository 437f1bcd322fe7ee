//! The latest changes, which are not in the tables yet.
//!
//! A commit costs as much as the pages that it writes, and a change to the tables takes some ten of them,
//! the more the larger they are: a path from the root to a leaf for the row and for each index. So
//! changes are noted one after the other in a table of their own, which takes one page or two, and are
//! merged into the tables a few hundred at a time, which share most of their pages. It is the delta of a
//! column store, or what `InnoDB` calls a change buffer.
//!
//! The numbers of the changes go up by one, from the first change to a store on, so that who has seen
//! them up to one of them has but to read those that came after it, as long as none were merged.

use std::sync::{Arc, Mutex, PoisonError};

use redb::ReadableTable;

use super::base::{Tables, Transaction, WriteTables};
use super::changes::{Change, Changes};
use super::schema::{META_MERGED, META_NEXT_ID, allocation, row, stored_id};
use crate::store::fault::Fault;

/// The number of changes that may be there before they are merged. Every opening of the file reads them, which
/// takes a quarter of a microsecond for each.
pub(in crate::store) const MOST: u64 = if cfg!(test) { 3 } else { 256 };

/// The recent changes as of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Recent {
    /// The number of the last change that was merged.
    merged: u64,
    /// The number of the last change.
    last: u64,
    changes: Changes,
}

impl Recent {
    pub(in crate::store) fn read<T: Transaction>(tables: &Tables<T>) -> Result<Recent, Fault> {
        let merged = tables.merged()?;
        if merged > u64::MAX / 2 {
            let damage = "the changes are more than there can be";
            return Err(Fault::Damaged(damage.to_owned()));
        }
        let mut recent = Recent {
            merged,
            last: merged,
            changes: Changes::default(),
        };
        recent.read_on(tables)?;
        Ok(recent)
    }

    /// Reads the changes that came after those that were read.
    fn read_on<T: Transaction>(&mut self, tables: &Tables<T>) -> Result<(), Fault> {
        for entry in tables.recent.range(self.last + 1..)? {
            let (number, change) = entry?;
            if number.value() != self.last + 1 {
                let damage = format!("change {} is missing", self.last + 1);
                return Err(Fault::Damaged(damage));
            }
            let (id, is_held, row) = change.value();
            let allocation = allocation(stored_id(id)?, row)?;
            self.changes.note(if is_held {
                Change::Held(allocation)
            } else {
                Change::Released(allocation)
            });
            self.last += 1;
        }
        Ok(())
    }

    pub(in crate::store) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Writes what the next change would, and leaves what is stored as it is.
    pub(in crate::store) fn touch(&self, tables: &mut WriteTables<'_>) -> Result<(), Fault> {
        if self.is_full_with(1) {
            return self.merge(tables, &Changes::default());
        }
        let next = self.last + 1;
        let change = (0, false, ("", "", "", 0, 0, ""));
        tables.recent.insert(next, change)?;
        tables.recent.remove(next)?;
        Ok(())
    }

    fn is_full_with(&self, more: usize) -> bool {
        self.last - self.merged + more as u64 > MOST
    }

    /// Adds what one transaction changed.
    pub(in crate::store) fn add(
        &self,
        tables: &mut WriteTables<'_>,
        own: &Changes,
    ) -> Result<(), Fault> {
        if self.is_full_with(own.len()) {
            return self.merge(tables, own);
        }
        let mut number = self.last;
        for (id, change) in own.iter() {
            number += 1;
            let is_held = change.held().is_some();
            let change = (id.get(), is_held, row(change.allocation()));
            tables.recent.insert(number, change)?;
        }
        Ok(())
    }

    /// Brings the tables up to date.
    fn merge(&self, tables: &mut WriteTables<'_>, own: &Changes) -> Result<(), Fault> {
        let next_id = tables.next_id()?;
        let before = self.changes.iter();
        let before = before.filter(|(id, _)| own.by_id(*id).is_none());
        let changes: Vec<_> = before.chain(own.iter()).collect();
        // First what frees the ports and names that the others may have.
        for (id, change) in &changes {
            if let Change::Released(allocation) = change
                && id.get() < next_id
            {
                tables.remove(allocation)?;
            }
        }
        for (id, change) in &changes {
            if let Change::Held(allocation) = change {
                if id.get() < next_id {
                    tables.replace(allocation)?;
                } else {
                    tables.insert(allocation)?;
                }
            }
        }
        tables.recent.retain(|_, _| false)?;
        let merged = self.last + own.len() as u64;
        let next_id = next_id.max(self.changes.next_id()).max(own.next_id());
        tables.meta.insert(META_MERGED, merged)?;
        tables.meta.insert(META_NEXT_ID, next_id)?;
        Ok(())
    }

    /// Checks that these are the changes that are stored, and what they are to the tables.
    pub(in crate::store) fn check<T: Transaction>(&self, tables: &Tables<T>) -> Result<(), Fault> {
        let first = tables.recent.first()?.map(|(number, _)| number.value());
        let is_as_stored = *self == Recent::read(tables)?;
        if !is_as_stored || first.is_some_and(|first| first <= self.merged) {
            let damage = "the recent changes are others than those that were read";
            return Err(Fault::Damaged(damage.to_owned()));
        }
        let next_id = tables.next_id()?;
        let is_changed = |id| self.changes.by_id(id).is_some();
        for (id, change) in self.changes.iter() {
            let allocation = change.allocation();
            let is_row = tables
                .by_id(id)?
                .is_some_and(|row| row.port == allocation.port && row.key == allocation.key);
            let is_as_expected = is_row == (id.get() < next_id);
            let is_indexed = change.held().is_none()
                || self.changes.by_port(allocation.port) == Some(change)
                    && self.changes.by_key(&allocation.key) == Some(change);
            let in_the_way = [
                tables.by_port(allocation.port)?,
                tables.by_key(&allocation.key)?,
            ];
            let is_alone = in_the_way.iter().flatten().all(|it| is_changed(it.id));
            if !is_as_expected || !is_indexed || !is_alone {
                return Err(Fault::Damaged(format!(
                    "what was made of allocation {id} does not fit the rest"
                )));
            }
        }
        Ok(())
    }
}

/// The recent changes that were read last, from one file.
#[derive(Debug, Default)]
pub(in crate::store) struct Cache(Mutex<Arc<Recent>>);

impl Cache {
    /// The recent changes as of a transaction.
    pub(in crate::store) fn as_of<T: Transaction>(
        &self,
        tables: &Tables<T>,
    ) -> Result<Arc<Recent>, Fault> {
        let merged = tables.merged()?;
        let last = tables.recent.last()?;
        let last = last.map_or(merged, |(number, _)| number.value());
        // Whatever a failure has left of it, the changes up to `last` are there.
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.merged != merged || cached.last > last {
            let recent = Arc::new(Recent::read(tables)?);
            // A transaction may see an older state than the one before it.
            if (cached.merged, cached.last) < (merged, last) {
                *cached = recent.clone();
            }
            return Ok(recent);
        }
        if cached.last < last {
            Arc::make_mut(&mut cached).read_on(tables)?;
        }
        Ok(cached.clone())
    }
}
