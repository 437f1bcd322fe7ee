//! The tables: the allocations, two unique indexes over them, the free ports, and the changes that
//! are not in these tables yet.

use std::path::Path;

use redb::{ReadableTable, TableDefinition, TableError, WriteTransaction};

use crate::allocation::{Allocation, AllocationId};
use crate::error::Error;
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::store::fault::Fault;
use crate::timestamp::Timestamp;

/// The version of the layout that is written. It goes up with every change that an older program would
/// misread.
pub(in crate::store) const FORMAT_VERSION: u64 = 2;

/// App, instance, service, port, seconds since the Unix epoch, checkout or "".
pub(in crate::store) type Row = (
    &'static str,
    &'static str,
    &'static str,
    u16,
    u64,
    &'static str,
);
/// Id, whether it is held still, and its row.
pub(in crate::store) type ChangedRow = (u64, bool, Row);
/// App, instance, service.
pub(in crate::store) type Names = (&'static str, &'static str, &'static str);

pub(in crate::store) const ALLOCATIONS: TableDefinition<u64, Row> =
    TableDefinition::new("allocations");
pub(in crate::store) const PORTS: TableDefinition<u16, u64> = TableDefinition::new("ports");
pub(in crate::store) const SERVICES: TableDefinition<Names, u64> = TableDefinition::new("services");
/// First to last port of each run.
pub(in crate::store) const FREE: TableDefinition<u16, u16> = TableDefinition::new("free");
/// By their number, which goes up by one.
pub(in crate::store) const RECENT: TableDefinition<u64, ChangedRow> =
    TableDefinition::new("recent");
pub(in crate::store) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

pub(in crate::store) const META_FORMAT: &str = "format_version";
/// The id that is given next, but for recent changes.
pub(in crate::store) const META_NEXT_ID: &str = "next_id";
/// The number of the last change that is in the tables.
pub(in crate::store) const META_MERGED: &str = "merged";
/// There, and 1, once the name of the file is known to outlast a power failure.
pub(in crate::store) const META_IS_NAMED: &str = "is_named";

/// Writes the tables of an empty registry.
pub(in crate::store) fn initialize(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(ALLOCATIONS)?;
    txn.open_table(PORTS)?;
    txn.open_table(SERVICES)?;
    txn.open_table(FREE)?
        .insert(Port::MIN.get(), Port::MAX.get())?;
    txn.open_table(RECENT)?;
    let mut meta = txn.open_table(META)?;
    meta.insert(META_FORMAT, FORMAT_VERSION)?;
    meta.insert(META_NEXT_ID, 1)?;
    meta.insert(META_MERGED, 0)?;
    Ok(())
}

/// The fault of a table that cannot be opened, in a file that is a registry.
pub(in crate::store) fn damaged(error: TableError) -> Fault {
    match error {
        TableError::Storage(error) => error.into(),
        error => Fault::Damaged(error.to_string()),
    }
}

/// A table that every registry has: a database of the same engine without it is not one.
pub(in crate::store) fn ours<T>(table: Result<T, TableError>, path: &Path) -> Result<T, Fault> {
    table.map_err(|error| match error {
        TableError::Storage(error) => error.into(),
        _ => Fault::Public(Error::ForeignFile {
            path: path.to_owned(),
        }),
    })
}

/// Checks that this program knows the format of the file. Every transaction does so, since a newer
/// program may change the format of a file that is open here.
pub(in crate::store) fn check_format(
    meta: &impl ReadableTable<&'static str, u64>,
    path: &Path,
) -> Result<(), Fault> {
    let path = path.to_owned();
    match meta.get(META_FORMAT)?.map(|found| found.value()) {
        Some(FORMAT_VERSION) => Ok(()),
        Some(found) => Err(Fault::Public(Error::UnknownFormat {
            path,
            found,
            supported: FORMAT_VERSION,
        })),
        None => Err(Fault::Public(Error::ForeignFile { path })),
    }
}

pub(in crate::store) fn stored_id(number: u64) -> Result<AllocationId, Fault> {
    AllocationId::new(number).map_err(|_| Fault::Damaged("an id is 0 or missing".to_owned()))
}

pub(in crate::store) fn stored_key(key: &ServiceKey) -> (&str, &str, &str) {
    (key.app(), key.instance(), key.service())
}

pub(in crate::store) fn row(allocation: &Allocation) -> (&str, &str, &str, u16, u64, &str) {
    let (app, instance, service) = stored_key(&allocation.key);
    let created_at = allocation.created_at.unix_seconds();
    let dir = allocation.dir.as_deref().unwrap_or("");
    (
        app,
        instance,
        service,
        allocation.port.get(),
        created_at,
        dir,
    )
}

pub(in crate::store) fn allocation(
    id: AllocationId,
    (app, instance, service, port, created_at, dir): (&str, &str, &str, u16, u64, &str),
) -> Result<Allocation, Fault> {
    let unreadable = || Fault::Damaged(format!("allocation {id} is unreadable"));
    Ok(Allocation {
        id,
        key: ServiceKey::new(app, instance, service).map_err(|_| unreadable())?,
        port: Port::new(port).map_err(|_| unreadable())?,
        created_at: Timestamp::from_unix_seconds(created_at).ok_or_else(unreadable)?,
        dir: (!dir.is_empty()).then(|| dir.to_owned()),
    })
}
