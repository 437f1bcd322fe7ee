//! Handles: open database files, and the settings of redb.

use std::fmt;
use std::io;
use std::sync::Arc;

use redb::{
    Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    WriteTransaction,
};

use super::fault::{Access, Fault};
use super::tables::recent::RecentCache;
use crate::system::files::FileId;

/// The size of redb's cache. 60,000 allocations take about 9 MB; redb's default is 1 GiB.
pub(super) const CACHE_SIZE: usize = 8 << 20;

/// An open database file.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) database: OpenDatabase,
    pub(super) file_id: FileId,
    pub(super) recent: Arc<RecentCache>,
}

pub(super) enum OpenDatabase {
    ReadOnly(ReadOnlyDatabase),
    ReadWrite(Database),
}

/// Returns the settings for a file that other processes use too.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .set_cache_size(CACHE_SIZE);
    builder
}

impl fmt::Debug for OpenDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OpenDatabase::ReadOnly(_) => "ReadOnly",
            OpenDatabase::ReadWrite(_) => "ReadWrite",
        })
    }
}

impl Handle {
    /// Begins a write transaction. The caller holds the writer lock, so that the only possible wait is for another
    /// handle that is being closed.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, Fault> {
        match &self.database {
            OpenDatabase::ReadWrite(database) => Ok(database.begin_write()?),
            // `HandleCache::writable` returns no such handle.
            OpenDatabase::ReadOnly(_) => {
                let internal = io::Error::other(
                    "an internal error: the handle is read-only; please report it",
                );
                Err(Fault::File(internal, Access::ReadWrite))
            }
        }
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction, Fault> {
        Ok(match &self.database {
            OpenDatabase::ReadOnly(database) => database.begin_read()?,
            OpenDatabase::ReadWrite(database) => database.begin_read()?,
        })
    }

    pub(super) fn is_writable(&self) -> bool {
        matches!(self.database, OpenDatabase::ReadWrite(_))
    }
}
