//! The recent changes, which are not in the tables yet.
//!
//! The time of a commit grows with the number of pages that it writes. A change to the tables writes some ten
//! pages: a path from the root to a leaf for the row and for each index. So changes are appended to a table of
//! their own, which writes one page or two. Every few hundred changes they are merged into the tables, where they
//! share most of their pages. `InnoDB` calls such a table a change buffer.
//!
//! The numbers of changes increase by one from the first change to the store. So a reader that knows the changes
//! up to a number only reads the later ones, unless changes were merged meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use redb::ReadableTable;

use super::base::{BaseTables, WriteTables};
use super::changes::{Change, Changes};
use super::schema::{BorrowedRow, META_MERGED, META_NEXT_ID, allocation, row, stored_id};
use super::table_source::TableSource;
use crate::store::fault::Fault;

/// The maximum number of recent changes before they are merged. Opening the file reads them, at a quarter of a
/// microsecond each.
pub(in crate::store) const MAX_RECENT: u64 = if cfg!(test) { 3 } else { 256 };

/// The recent changes as of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct RecentChanges {
    /// The number of the last merged change.
    merged: u64,
    /// The number of the last change.
    last: u64,
    last_change: Option<Change>,
    changes: Changes,
}

impl RecentChanges {
    pub(in crate::store) fn read<T: TableSource>(
        tables: &BaseTables<T>,
    ) -> Result<RecentChanges, Fault> {
        let merged = tables.merged()?;
        if merged > u64::MAX / 2 {
            let damage = "the number of changes is impossible";
            return Err(Fault::Damaged(damage.to_owned()));
        }
        let mut recent = RecentChanges {
            merged,
            last: merged,
            last_change: None,
            changes: Changes::default(),
        };
        recent.read_later(tables)?;
        Ok(recent)
    }

    /// Reads the changes after the last known one.
    fn read_later<T: TableSource>(&mut self, tables: &BaseTables<T>) -> Result<(), Fault> {
        for entry in tables.recent.range(self.last + 1..)? {
            let (number, change) = entry?;
            if number.value() != self.last + 1 {
                let damage = format!("change {} is missing", self.last + 1);
                return Err(Fault::Damaged(damage));
            }
            let change = stored_change(change.value())?;
            self.changes.add(change.clone());
            self.last_change = Some(change);
            self.last += 1;
        }
        Ok(())
    }

    /// Tests if the tables have the last of these changes. They have another one with its number if an older file was
    /// copied over this one, and changed since.
    fn are_in<T: TableSource>(&self, tables: &BaseTables<T>) -> Result<bool, Fault> {
        let Some(last_change) = &self.last_change else {
            return Ok(true);
        };
        let stored = tables.recent.get(self.last)?;
        let stored = stored.map(|it| stored_change(it.value())).transpose()?;
        Ok(stored.as_ref() == Some(last_change))
    }

    pub(in crate::store) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Writes the pages that the next change would write, and changes no content.
    pub(in crate::store) fn touch(&self, tables: &mut WriteTables<'_>) -> Result<(), Fault> {
        if self.is_full_with(1) {
            return self.merge(tables, &Changes::default());
        }
        let next = self.last + 1;
        let change = (0, false, ("", "", "", 0, 0, "", "", "", ""));
        tables.recent.insert(next, change)?;
        tables.recent.remove(next)?;
        Ok(())
    }

    fn is_full_with(&self, more: usize) -> bool {
        self.last - self.merged + more as u64 > MAX_RECENT
    }

    /// Stores the changes of a transaction.
    pub(in crate::store) fn store(
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

    /// Merges these changes and those of a transaction into the tables.
    fn merge(&self, tables: &mut WriteTables<'_>, own: &Changes) -> Result<(), Fault> {
        let next_id = tables.next_id()?;
        let before = self.changes.iter();
        let before = before.filter(|(id, _)| own.by_id(*id).is_none());
        let changes: Vec<_> = before.chain(own.iter()).collect();
        // Releases first, because new allocations may have their ports and services.
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

    /// Checks that these are the stored changes, and that they are consistent with the tables.
    pub(in crate::store) fn check<T: TableSource>(
        &self,
        tables: &BaseTables<T>,
    ) -> Result<(), Fault> {
        let first = tables.recent.first()?.map(|(number, _)| number.value());
        let is_stored = *self == RecentChanges::read(tables)?;
        if !is_stored || first.is_some_and(|first| first <= self.merged) {
            let damage = "the recent changes differ from those that were read";
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
            let rivals = [
                tables.by_port(allocation.port)?,
                tables.by_key(&allocation.key)?,
            ];
            let has_no_rival = rivals.iter().flatten().all(|it| is_changed(it.id));
            if !is_as_expected || !is_indexed || !has_no_rival {
                return Err(Fault::Damaged(format!(
                    "the change to allocation {id} contradicts the tables"
                )));
            }
        }
        Ok(())
    }
}

fn stored_change((id, is_held, row): (u64, bool, BorrowedRow)) -> Result<Change, Fault> {
    let allocation = allocation(stored_id(id)?, row)?;
    Ok(if is_held {
        Change::Held(allocation)
    } else {
        Change::Released(allocation)
    })
}

/// The recent changes that were read last from a file.
#[derive(Debug, Default)]
pub(in crate::store) struct RecentCache(Mutex<Arc<RecentChanges>>);

impl RecentCache {
    /// Returns the recent changes as of a transaction.
    pub(in crate::store) fn as_of<T: TableSource>(
        &self,
        tables: &BaseTables<T>,
    ) -> Result<Arc<RecentChanges>, Fault> {
        let merged = tables.merged()?;
        let last = tables.recent.last()?;
        let last = last.map_or(merged, |(number, _)| number.value());
        // A failure may have left fewer changes, but always all of those up to `last`.
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.merged != merged || cached.last > last {
            let recent = Arc::new(RecentChanges::read(tables)?);
            // The transaction may be older than the cache.
            if (cached.merged, cached.last) < (merged, last) {
                *cached = recent.clone();
            }
            return Ok(recent);
        }
        if !cached.are_in(tables)? {
            *cached = Arc::new(RecentChanges::read(tables)?);
        } else if cached.last < last {
            Arc::make_mut(&mut cached).read_later(tables)?;
        }
        Ok(cached.clone())
    }
}
