//! Making databases in memory: the first one of a store, and those with the changes of a journal.

use redb::{Database, WriteTransaction};

use super::backend::MemoryBackend;
use super::{Generation, settings};
use crate::store::fault::{self, Fault};
use crate::store::journal::header::JournalHeader;
use crate::store::position::Position;
use crate::store::tables::changes::{Change, Changes};
use crate::store::tables::schema;
use crate::store::tables::write_tables::WriteTables;

/// Returns the content of the database of an empty store.
pub(in crate::store) fn empty(store: u64) -> Result<Vec<u8>, Fault> {
    change(Vec::new(), |txn| schema::initialize(txn, store))
}

/// Returns the content of a database with the changes that were made since, up to a position with this next id.
///
/// The database is verified again, so that a merge copies no damage.
pub(in crate::store) fn merge(
    generation: &Generation,
    journal: &JournalHeader,
    changes: &Changes,
    (position, next_id): (Position, u64),
) -> Result<Vec<u8>, Fault> {
    let content = generation.file.read()?;
    if !journal.is_for(&content) {
        return Err(fault::changed_by_others());
    }
    change(content, |txn| {
        let mut tables = WriteTables::open(txn)?;
        apply(&mut tables, changes, generation.next_id)?;
        tables.set_position(position, next_id)
    })
}

/// Changes a database in memory.
fn change(
    content: Vec<u8>,
    change: impl FnOnce(&WriteTransaction) -> Result<(), Fault>,
) -> Result<Vec<u8>, Fault> {
    let backend = MemoryBackend::new(content);
    let changed = fault::catch_panic(|| {
        let database: Database = settings().create_with_backend(backend.clone())?;
        let txn = database.begin_write()?;
        change(&txn)?;
        txn.commit()?;
        Ok(database.close()?)
    });
    changed.unwrap_or_else(|| Err(fault::changed_by_others()))?;
    Ok(backend.take())
}

fn apply(tables: &mut WriteTables<'_>, changes: &Changes, next_id: u64) -> Result<(), Fault> {
    // Releases first, because new allocations may have their ports and services.
    for (id, change) in changes.iter() {
        if let Change::Released(allocation) = change
            && id.get() < next_id
        {
            tables.remove(allocation)?;
        }
    }
    for (id, change) in changes.iter() {
        if let Change::Held(allocation) = change {
            if id.get() < next_id {
                tables.replace(allocation)?;
            } else {
                tables.insert(allocation)?;
            }
        }
    }
    Ok(())
}
