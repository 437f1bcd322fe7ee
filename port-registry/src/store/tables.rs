//! What is stored: the allocations, two unique indexes over them, the free ports and two counters.
//!
//! Invariants, which every transaction keeps:
//!
//! - `ports` and `services` hold exactly one entry for each allocation.
//! - `free` holds the ports without an allocation as maximal runs: disjoint, and no two adjacent.
//! - Every id ever given is less than `next_id`.

use std::ops::RangeInclusive;
use std::path::Path;

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};

use super::fault::Fault;
use crate::allocation::{Allocation, AllocationId, Filter};
use crate::error::Error;
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::timestamp::Timestamp;

/// Of this layout. It goes up with every change that an older program would misread.
const FORMAT_VERSION: u64 = 1;

/// App, instance, service, port, seconds since the Unix epoch, checkout or "".
type Row = (
    &'static str,
    &'static str,
    &'static str,
    u16,
    u64,
    &'static str,
);
/// App, instance, service.
type Key = (&'static str, &'static str, &'static str);

const ALLOCATIONS: TableDefinition<u64, Row> = TableDefinition::new("allocations");
const PORTS: TableDefinition<u16, u64> = TableDefinition::new("ports");
const SERVICES: TableDefinition<Key, u64> = TableDefinition::new("services");
/// First to last port of each run.
const FREE: TableDefinition<u16, u16> = TableDefinition::new("free");
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

const META_FORMAT: &str = "format_version";
const META_NEXT_ID: &str = "next_id";

/// The tables of one transaction, to be read.
#[derive(Debug)]
pub(crate) struct Tables<A, P, S, F> {
    allocations: A,
    ports: P,
    services: S,
    free: F,
}

/// The tables as they were when a reader came.
pub(crate) type Snapshot = Tables<
    ReadOnlyTable<u64, Row>,
    ReadOnlyTable<u16, u64>,
    ReadOnlyTable<Key, u64>,
    ReadOnlyTable<u16, u16>,
>;

/// The tables in the hands of the one writer.
pub(crate) struct Ledger<'txn> {
    tables: WriteTables<'txn>,
    meta: Table<'txn, &'static str, u64>,
    changes: Changes,
}

type WriteTables<'txn> = Tables<
    Table<'txn, u64, Row>,
    Table<'txn, u16, u64>,
    Table<'txn, Key, u64>,
    Table<'txn, u16, u16>,
>;

/// What a transaction did, so that it can be looked up whether it took effect.
#[derive(Debug, Default)]
pub(super) struct Changes {
    written: Vec<Allocation>,
    removed: Vec<AllocationId>,
}

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
    fn free_runs(
        &self,
        span: RangeInclusive<u16>,
    ) -> Result<impl Iterator<Item = Result<RangeInclusive<u16>, Fault>>, Fault>;
}

impl<A, P, S, F> Rows for Tables<A, P, S, F>
where
    A: ReadableTable<u64, Row>,
    P: ReadableTable<u16, u64>,
    S: ReadableTable<Key, u64>,
    F: ReadableTable<u16, u16>,
{
    fn by_id(&self, id: AllocationId) -> Result<Option<Allocation>, Fault> {
        let row = self.allocations.get(id.0)?;
        row.map(|row| allocation(id, row.value())).transpose()
    }

    fn by_port(&self, port: Port) -> Result<Option<Allocation>, Fault> {
        match self.ports.get(port.get())? {
            Some(id) => self.indexed(id.value()).map(Some),
            None => Ok(None),
        }
    }

    fn by_key(&self, key: &ServiceKey) -> Result<Option<Allocation>, Fault> {
        match self.services.get(stored_key(key))? {
            Some(id) => self.indexed(id.value()).map(Some),
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
            let (of_app, of_instance, _) = key.value();
            if of_app != app || instance.is_some_and(|instance| instance != of_instance) {
                break;
            }
            let allocation = self.indexed(id.value())?;
            if filter.matches(&allocation) {
                found.push(allocation);
            }
        }
        found.sort_unstable_by_key(|allocation| allocation.id);
        Ok(found)
    }

    fn free_runs(
        &self,
        span: RangeInclusive<u16>,
    ) -> Result<impl Iterator<Item = Result<RangeInclusive<u16>, Fault>>, Fault> {
        let (first, last) = span.into_inner();
        // The run that the span starts in may start before it.
        let from = match self.free.range(..=first)?.next_back() {
            Some(run) => run?.0.value(),
            None => first,
        };
        let runs = self.free.range(from..=last)?;
        Ok(runs.filter_map(move |run| {
            run.map_err(Fault::from)
                .map(|(start, end)| {
                    let run = start.value().max(first)..=end.value().min(last);
                    (!run.is_empty()).then_some(run)
                })
                .transpose()
        }))
    }
}

impl<A, P, S, F> Tables<A, P, S, F>
where
    A: ReadableTable<u64, Row>,
    P: ReadableTable<u16, u64>,
    S: ReadableTable<Key, u64>,
    F: ReadableTable<u16, u16>,
{
    /// The allocation that an index names.
    fn indexed(&self, id: u64) -> Result<Allocation, Fault> {
        self.by_id(AllocationId(id))?.ok_or_else(|| {
            Fault::Damaged(format!("an index names allocation {id}, which is missing"))
        })
    }

    fn all_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        let mut found = Vec::new();
        for entry in self.allocations.iter()? {
            let (id, row) = entry?;
            let allocation = allocation(AllocationId(id.value()), row.value())?;
            if filter.matches(&allocation) {
                found.push(allocation);
            }
        }
        Ok(found)
    }

    /// Checks the invariants.
    fn check(&self, next_id: u64) -> Result<(), Fault> {
        let mut taken = vec![false; 1 << 16];
        let mut count = 0u64;
        for allocation in self.all_matching(&Filter::default())? {
            let id = allocation.id;
            let of_port = self.ports.get(allocation.port.get())?.map(|id| id.value());
            let of_key = self
                .services
                .get(stored_key(&allocation.key))?
                .map(|id| id.value());
            if of_port != Some(id.0) || of_key != Some(id.0) || id.0 >= next_id {
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
        let mut expected = Vec::new();
        let mut port = 1;
        for run in taken[1..].chunk_by(|a, b| a == b) {
            let length = u16::try_from(run.len()).unwrap_or(u16::MAX);
            if !run[0] {
                expected.push((port, port + (length - 1)));
            }
            port = port.saturating_add(length);
        }
        let mut runs = Vec::new();
        for run in self.free.iter()? {
            let (start, end) = run?;
            runs.push((start.value(), end.value()));
        }
        if runs == expected {
            Ok(())
        } else {
            Err(Fault::Damaged(
                "the free ports are not those without an allocation".to_owned(),
            ))
        }
    }
}

/// The tables of a reader. An error if they are not those of a registry that we know.
pub(super) fn snapshot(txn: &ReadTransaction, path: &Path) -> Result<Snapshot, Fault> {
    check_format(&ours(txn.open_table(META), path)?, path)?;
    Ok(Tables {
        allocations: txn.open_table(ALLOCATIONS)?,
        ports: txn.open_table(PORTS)?,
        services: txn.open_table(SERVICES)?,
        free: txn.open_table(FREE)?,
    })
}

/// Checks that rows, indexes, free ports and counters agree.
pub(super) fn check_consistency(txn: &ReadTransaction, path: &Path) -> Result<(), Fault> {
    let next_id = txn.open_table(META)?.get(META_NEXT_ID)?;
    snapshot(txn, path)?.check(next_id.map_or(0, |id| id.value()))
}

/// A table that every registry has: a database of the same engine without it is not one.
fn ours<T>(table: Result<T, TableError>, path: &Path) -> Result<T, Fault> {
    table.map_err(|error| match error {
        TableError::Storage(error) => error.into(),
        _ => Fault::Told(Error::ForeignFile {
            path: path.to_owned(),
        }),
    })
}

/// Checks that the file is in the format that this program reads and writes. It is checked by
/// every transaction, since a newer program may change the format of a file that is open here.
fn check_format(meta: &impl ReadableTable<&'static str, u64>, path: &Path) -> Result<(), Fault> {
    let path = path.to_owned();
    match meta.get(META_FORMAT)?.map(|found| found.value()) {
        Some(FORMAT_VERSION) => Ok(()),
        Some(found) => Err(Fault::Told(Error::UnknownFormat {
            path,
            found,
            supported: FORMAT_VERSION,
        })),
        None => Err(Fault::Told(Error::ForeignFile { path })),
    }
}

/// Writes the tables of an empty registry.
pub(super) fn initialize(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(ALLOCATIONS)?;
    txn.open_table(PORTS)?;
    txn.open_table(SERVICES)?;
    txn.open_table(FREE)?
        .insert(Port::MIN.get(), Port::MAX.get())?;
    let mut meta = txn.open_table(META)?;
    meta.insert(META_FORMAT, FORMAT_VERSION)?;
    meta.insert(META_NEXT_ID, 1)?;
    Ok(())
}

impl<'txn> Ledger<'txn> {
    pub(super) fn open(txn: &'txn WriteTransaction, path: &Path) -> Result<Ledger<'txn>, Fault> {
        let meta = txn.open_table(META)?;
        check_format(&meta, path)?;
        Ok(Ledger {
            tables: Tables {
                allocations: txn.open_table(ALLOCATIONS)?,
                ports: txn.open_table(PORTS)?,
                services: txn.open_table(SERVICES)?,
                free: txn.open_table(FREE)?,
            },
            meta,
            changes: Changes::default(),
        })
    }

    /// What was done through this ledger.
    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(crate) fn rows(&self) -> &impl Rows {
        &self.tables
    }

    /// Gives a free port to a service that has none, and the allocation the next number.
    pub(crate) fn insert(
        &mut self,
        key: ServiceKey,
        port: Port,
        dir: Option<String>,
    ) -> Result<Allocation, Fault> {
        let next_id = self.meta.get(META_NEXT_ID)?.map(|id| id.value());
        let id = next_id.ok_or_else(|| Fault::Damaged("the next id is missing".to_owned()))?;
        self.meta.insert(META_NEXT_ID, id + 1)?;
        let allocation = Allocation {
            id: AllocationId(id),
            key,
            port,
            created_at: Timestamp::now(),
            dir,
        };
        self.tables.allocations.insert(id, row(&allocation))?;
        self.tables.ports.insert(port.get(), id)?;
        self.tables
            .services
            .insert(stored_key(&allocation.key), id)?;
        self.take(port)?;
        self.changes.written.push(allocation.clone());
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
            .insert(allocation.id.0, row(&allocation))?;
        self.changes.written.push(allocation.clone());
        Ok(allocation)
    }

    /// Frees the port of an allocation, which must be there.
    pub(crate) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        self.tables.allocations.remove(allocation.id.0)?;
        self.tables.ports.remove(allocation.port.get())?;
        self.tables.services.remove(stored_key(&allocation.key))?;
        self.free(allocation.port)?;
        self.changes.written.retain(|it| it.id != allocation.id);
        self.changes.removed.push(allocation.id);
        Ok(())
    }

    /// Takes a port out of the run of free ports it is in.
    fn take(&mut self, port: Port) -> Result<(), Fault> {
        let port = port.get();
        let free = &mut self.tables.free;
        let run = match free.range(..=port)?.next_back() {
            Some(run) => {
                let (start, end) = run?;
                Some((start.value(), end.value()))
            }
            None => None,
        };
        let Some((start, end)) = run.filter(|(_, end)| *end >= port) else {
            return Err(Fault::Damaged(format!("port {port} is not among the free")));
        };
        if start < port {
            free.insert(start, port - 1)?;
        } else {
            free.remove(start)?;
        }
        if port < end {
            free.insert(port + 1, end)?;
        }
        Ok(())
    }

    /// Puts a port back among the free, joined to the runs on both sides of it.
    fn free(&mut self, port: Port) -> Result<(), Fault> {
        let port = port.get();
        let free = &mut self.tables.free;
        let mut run = (port, port);
        let before = match free.range(..port)?.next_back() {
            Some(run) => {
                let (start, end) = run?;
                Some((start.value(), end.value()))
            }
            None => None,
        };
        if let Some((start, end)) = before
            && end + 1 == port
        {
            run.0 = start;
        }
        if let Some(after) = port.checked_add(1)
            && let Some(end) = free.remove(after)?
        {
            run.1 = end.value();
        }
        free.insert(run.0, run.1)?;
        Ok(())
    }
}

impl Changes {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    /// Whether they took effect. Ids are never given twice, so that rows of these ids are ours.
    pub(super) fn are_in(&self, rows: &impl Rows) -> Result<bool, Fault> {
        for allocation in &self.written {
            if rows.by_id(allocation.id)?.as_ref() != Some(allocation) {
                return Ok(false);
            }
        }
        for id in &self.removed {
            if rows.by_id(*id)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn stored_key(key: &ServiceKey) -> (&str, &str, &str) {
    (key.app(), key.instance(), key.service())
}

fn row(allocation: &Allocation) -> (&str, &str, &str, u16, u64, &str) {
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

fn allocation(
    id: AllocationId,
    (app, instance, service, port, created_at, dir): (&str, &str, &str, u16, u64, &str),
) -> Result<Allocation, Fault> {
    let damaged = || Fault::Damaged(format!("allocation {id} is unreadable"));
    Ok(Allocation {
        id,
        key: ServiceKey::new(app, instance, service).map_err(|_| damaged())?,
        port: Port::new(port).map_err(|_| damaged())?,
        created_at: Timestamp::from_unix_seconds(created_at).ok_or_else(damaged)?,
        dir: (!dir.is_empty()).then(|| dir.to_owned()),
    })
}
