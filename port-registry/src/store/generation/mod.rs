//! The database: an immutable redb file, which is only ever replaced as a whole.

mod backend;
pub(super) mod merge;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Builder, ReadOnlyDatabase, ReadableDatabase, StorageBackend};

use self::backend::{MemoryBackend, ReadOnlyFile};
use super::fault::{self, Access, Fault};
use super::files::{self, ContentIdentity, fault_at};
use super::position::Position;
use super::tables::base::BaseTables;

/// The size of redb's cache in bytes. 60,000 allocations take about 9 MB; redb's default is 1 GiB.
const CACHE_SIZE: usize = 8 << 20;

/// An open database.
pub(super) struct Generation {
    pub(super) tables: BaseTables,
    pub(super) identity: ContentIdentity,
    /// The id of the store.
    pub(super) store: u64,
    /// The last commit in the tables.
    pub(super) merged: Position,
    /// The next id at that commit.
    pub(super) next_id: u64,
    /// The version of the file format, and the lowest ones that programs have to know to read and to write.
    pub(super) formats: [u64; 3],
    pub(super) file: DatabaseFile,
    /// Closed after the tables.
    _opened: ReadOnlyDatabase,
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Generation");
        fields.field("identity", &self.identity);
        fields.field("merged", &self.merged);
        fields.finish_non_exhaustive()
    }
}

/// A database file that is open, but was not read yet.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    file: Arc<FileBackend>,
    pub(super) identity: ContentIdentity,
}

impl DatabaseFile {
    /// Opens the file if it exists. Changes nothing.
    pub(super) fn open(path: &Path) -> Result<Option<DatabaseFile>, Fault> {
        let Some(file) = files::open_database(path)? else {
            return Ok(None);
        };
        let metadata = file.metadata();
        let metadata = metadata.map_err(fault_at(path, Access::Read))?;
        Ok(Some(DatabaseFile {
            identity: ContentIdentity::in_metadata(&metadata),
            file: Arc::new(FileBackend::new(file)?),
        }))
    }

    /// Reads the whole file.
    pub(super) fn read(&self) -> Result<Vec<u8>, Fault> {
        let len = usize::try_from(self.file.len()?).map_err(|_| fault::changed_by_others())?;
        let mut content = vec![0; len];
        self.file.read(0, &mut content)?;
        Ok(content)
    }

    /// Verifies a database without a journal, which knows its hash, by the checksums of redb. They are verified on a copy
    /// in memory.
    pub(super) fn verify_alone(&self, path: &Path) -> Result<(), Fault> {
        let verified = fault::catch_panic(|| {
            let backend = MemoryBackend::new(self.read()?);
            let mut database = settings().create_with_backend(backend)?;
            // Another program's database is not called damaged, even if it is.
            BaseTables::open(&database.begin_read()?, path)?;
            if database.check_integrity()? {
                Ok(())
            } else {
                Err(fault::changed_by_others())
            }
        });
        verified.unwrap_or_else(|| Err(fault::changed_by_others()))
    }
}

impl Generation {
    /// Reads a database that was verified.
    pub(super) fn of(database: DatabaseFile, path: &Path) -> Result<Generation, Fault> {
        let DatabaseFile { file, identity } = &database;
        let opened = settings().open_read_only_with_backend(ReadOnlyFile(file.clone()))?;
        let tables = BaseTables::open(&opened.begin_read()?, path)?;
        Ok(Generation {
            identity: *identity,
            store: tables.store()?,
            merged: tables.position()?,
            next_id: tables.next_id()?,
            formats: tables.formats()?,
            tables,
            file: database,
            _opened: opened,
        })
    }
}

fn settings() -> Builder {
    let mut settings = Builder::new();
    settings.set_cache_size(CACHE_SIZE);
    settings
}
