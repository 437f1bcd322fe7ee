//! The definitions of the tables, and the conversion of their rows.

use std::path::Path;

use redb::{ReadableTable, TableDefinition, TableError, WriteTransaction};

use crate::error::Error;
use crate::store::fault::Fault;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::CheckoutPath;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;
use crate::types::timestamp::Timestamp;

/// The version of the file format. It increases with every change to the format.
pub(in crate::store) const FORMAT: u64 = 4;

/// App, instance, service, port, seconds since the Unix epoch, checkout or "", label origin, and the app and the instance
/// of the checkout's name or "".
pub(super) type Row = (
    &'static str,
    &'static str,
    &'static str,
    u16,
    u64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);
/// A [`Row`] that is borrowed from an allocation.
pub(in crate::store) type BorrowedRow<'a> = (
    &'a str,
    &'a str,
    &'a str,
    u16,
    u64,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
);
/// Checkout, service, id.
pub(super) type CheckoutEntry = (&'static str, &'static str, u64);
/// App, instance, service.
pub(super) type Names = (&'static str, &'static str, &'static str);

pub(super) const ALLOCATIONS: TableDefinition<u64, Row> = TableDefinition::new("allocations");
pub(in crate::store) const PORTS: TableDefinition<u16, u64> = TableDefinition::new("ports");
pub(super) const SERVICES: TableDefinition<Names, u64> = TableDefinition::new("services");
/// The ids of each checkout, in the key so that a checkout has many.
pub(super) const CHECKOUTS: TableDefinition<CheckoutEntry, ()> = TableDefinition::new("checkouts");
/// The last port of each run by its first port.
pub(in crate::store) const FREE: TableDefinition<u16, u16> = TableDefinition::new("free");
pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

pub(super) const META_FORMAT: &str = "format_version";
/// The lowest format that a program has to know to read the store.
pub(super) const META_MIN_READER: &str = "min_reader";
/// The lowest format that a program has to know to write to the store.
pub(super) const META_MIN_WRITER: &str = "min_writer";
/// The id of the store, which is random.
pub(super) const META_STORE: &str = "store";
/// The position of the last commit that is in the tables.
pub(super) const META_SEQUENCE: &str = "sequence";
pub(super) const META_CHAIN: &str = "chain";
/// The next id at that commit.
pub(super) const META_NEXT_ID: &str = "next_id";

/// Creates the tables of an empty store.
pub(in crate::store) fn initialize(txn: &WriteTransaction, store: u64) -> Result<(), Fault> {
    txn.open_table(ALLOCATIONS)?;
    txn.open_table(PORTS)?;
    txn.open_table(SERVICES)?;
    txn.open_table(CHECKOUTS)?;
    txn.open_table(FREE)?
        .insert(Port::MIN.get(), Port::MAX.get())?;
    let mut meta = txn.open_table(META)?;
    for (name, number) in [
        (META_FORMAT, FORMAT),
        (META_MIN_READER, FORMAT),
        (META_MIN_WRITER, FORMAT),
        (META_STORE, store),
        (META_SEQUENCE, 0),
        (META_CHAIN, store),
        (META_NEXT_ID, 1),
    ] {
        meta.insert(name, number)?;
    }
    Ok(())
}

/// Returns the fault of a table that cannot be opened in a registry.
pub(super) fn missing_table(error: TableError) -> Fault {
    match error {
        TableError::Storage(error) => error.into(),
        error => Fault::Damaged(error.to_string()),
    }
}

/// Returns the `meta` table. A redb file without it is not a registry.
pub(super) fn open_meta<T>(table: Result<T, TableError>, path: &Path) -> Result<T, Fault> {
    table.map_err(|error| match error {
        TableError::Storage(error) => error.into(),
        _ => Fault::Public(Error::ForeignFile {
            path: path.to_owned(),
        }),
    })
}

/// Checks that this program can read the store.
pub(super) fn check_format(
    meta: &impl ReadableTable<&'static str, u64>,
    path: &Path,
) -> Result<(), Fault> {
    let number = |name| Ok::<_, Fault>(meta.get(name)?.map(|found| found.value()));
    let Some(found) = number(META_FORMAT)? else {
        let path = path.to_owned();
        return Err(Fault::Public(Error::ForeignFile { path }));
    };
    let min_reader = number(META_MIN_READER)?.unwrap_or(found);
    if found < FORMAT || min_reader > FORMAT {
        return Err(unknown_format(path, found));
    }
    Ok(())
}

/// Returns the fault of a store that this program cannot use because of its format.
pub(in crate::store) fn unknown_format(path: &Path, found: u64) -> Fault {
    Fault::Public(Error::UnknownFormat {
        path: path.to_owned(),
        found,
        supported: FORMAT,
    })
}

pub(super) fn stored_id(number: u64) -> Result<AllocationId, Fault> {
    AllocationId::new(number).map_err(|_| Fault::Damaged("an id is 0 or missing".to_owned()))
}

pub(super) fn stored_key(key: &ServiceKey) -> (&str, &str, &str) {
    (key.app(), key.instance(), key.service())
}

/// Returns the entry of an allocation in the index by checkout. Returns `None` if no checkout is recorded.
pub(super) fn checkout_entry(allocation: &Allocation) -> Option<(&str, &str, u64)> {
    let dir = allocation.dir.as_ref()?.as_str();
    Some((dir, allocation.key.service(), allocation.id.get()))
}

pub(in crate::store) fn row(allocation: &Allocation) -> BorrowedRow<'_> {
    let (app, instance, service) = stored_key(&allocation.key);
    let created_at = allocation.created_at.unix_seconds();
    let name = allocation.checkout_name.as_ref();
    let (app_of_name, instance_of_name) =
        name.map_or(("", ""), |name| (name.app(), name.instance()));
    (
        app,
        instance,
        service,
        allocation.port.get(),
        created_at,
        allocation.dir.as_ref().map_or("", CheckoutPath::as_str),
        allocation.label_origin.as_str(),
        app_of_name,
        instance_of_name,
    )
}

pub(in crate::store) fn allocation(
    id: AllocationId,
    (app, instance, service, port, created_at, dir, label_origin, app_of_name, instance_of_name): BorrowedRow<'_>,
) -> Result<Allocation, Fault> {
    let unreadable = || Fault::Damaged(format!("allocation {id} is unreadable"));
    let key = |app, instance| ServiceKey::new(app, instance, service).map_err(|_| unreadable());
    let checkout_name = match (app_of_name, instance_of_name) {
        ("", "") => None,
        (app, instance) => Some(CheckoutName::of(&key(app, instance)?)),
    };
    Ok(Allocation {
        id,
        key: key(app, instance)?,
        port: Port::new(port).map_err(|_| unreadable())?,
        created_at: Timestamp::from_unix_seconds(created_at).map_err(|_| unreadable())?,
        dir: (!dir.is_empty()).then(|| CheckoutPath::new(dir.to_owned())),
        label_origin: label_origin.parse().map_err(|_| unreadable())?,
        checkout_name,
    })
}
