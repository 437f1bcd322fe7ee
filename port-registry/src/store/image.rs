//! Reading the store past a writer that is stopped, or a disk that takes no writes.
//!
//! In the midst of a commit redb holds the file's header for a few microseconds, and a reader waits
//! for it. A process that is stopped right then would keep everybody from reading. What is in the
//! file meanwhile is what a crash would leave, which redb makes whole when it opens it; so a copy in
//! memory is opened instead, which takes no locks. The same goes for a file whose last writer was
//! killed or failed, where it cannot be opened for writing, which would mend it.
//!
//! A copy is one moment's as long as the header stays the same: pages that a committed tree reaches
//! are not written again before a later commit, and every commit changes the header.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{Builder, Database, StorageBackend};

use super::create::{self, Access, Found};
use super::fault::Fault;

/// The length of redb's header, from its design document.
const HEADER_LEN: usize = 320;

/// A copy of the store in memory. `None` when there is no store; `Busy` when it is being written.
pub(super) fn open(path: &Path) -> Result<Option<Database>, Fault> {
    let Found::Store(mut file) = create::find(path, Access::Read)? else {
        return Ok(None);
    };
    let unreadable = |error| Fault::File(error, Access::Read);
    let before = read(&mut file, Some(HEADER_LEN)).map_err(unreadable)?;
    let content = read(&mut file, None).map_err(unreadable)?;
    let after = read(&mut file, Some(HEADER_LEN)).map_err(unreadable)?;
    if before != after || !content.starts_with(&before) {
        return Err(Fault::Busy);
    }
    let memory = InMemoryBackend::new();
    memory.set_len(content.len() as u64).map_err(unreadable)?;
    memory.write(0, &content).map_err(unreadable)?;
    Ok(Some(Builder::new().create_with_backend(memory)?))
}

/// The file from its start, up to a length if one is given.
fn read(file: &mut File, up_to: Option<usize>) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut content = Vec::new();
    let limit = up_to.map_or(u64::MAX, |len| len as u64);
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}
