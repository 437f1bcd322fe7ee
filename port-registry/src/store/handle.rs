//! Handles: open database files, and the settings of redb.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{
    Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase,
    WriteTransaction,
};

use super::fault::{Access, Fault};
use super::file::StoreFile;
use super::snapshot::header::{CommitMark, FileHeader};
use super::tables::recent::RecentCache;

/// The size of redb's cache. 60,000 allocations take about 9 MB; redb's default is 1 GiB.
pub(super) const CACHE_SIZE: usize = 8 << 20;

/// An open database file.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) database: OpenDatabase,
    pub(super) file: StoreFile,
    pub(super) recent: Arc<RecentCache>,
    /// The latest commit that was seen through this handle.
    last_commit: Mutex<Option<CommitMark>>,
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
    pub(super) fn new(database: OpenDatabase, file: StoreFile, recent: Arc<RecentCache>) -> Handle {
        Handle {
            database,
            file,
            recent,
            last_commit: Mutex::default(),
        }
    }

    /// Tests if the file still has the commits that were seen through this handle. It has not if another file was copied
    /// over it, for example an older one. redb would then use pages that it has cached, because it compares only the
    /// numbers of commits.
    pub(super) fn is_continued(&self) -> bool {
        let last = self.last_commit.lock();
        let last = last.unwrap_or_else(PoisonError::into_inner);
        let Some(last) = &*last else {
            return true;
        };
        let is_continued =
            || FileHeader::read(&self.file).is_ok_and(|header| header.may_follow(last));
        // The first look may have met a writer that was changing the header.
        is_continued() || is_continued()
    }

    /// Remembers the latest commit. Call it after a transaction has begun, or was committed.
    pub(super) fn note_commit(&self) {
        let Ok(header) = FileHeader::read(&self.file) else {
            return;
        };
        let latest = header.published_commit();
        let mut last = self
            .last_commit
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|last| last.is_older_than(&latest)) {
            *last = Some(latest);
        }
    }

    /// Begins a write transaction. The caller holds the writer lock, so that the only possible wait is for another
    /// handle that is being closed.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, Fault> {
        match &self.database {
            OpenDatabase::ReadWrite(database) => {
                let txn = database.begin_write()?;
                self.note_commit();
                Ok(txn)
            }
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
        let txn = match &self.database {
            OpenDatabase::ReadOnly(database) => database.begin_read()?,
            OpenDatabase::ReadWrite(database) => database.begin_read()?,
        };
        self.note_commit();
        Ok(txn)
    }

    pub(super) fn is_writable(&self) -> bool {
        matches!(self.database, OpenDatabase::ReadWrite(_))
    }
}
