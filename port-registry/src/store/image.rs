//! Looking at the store's file without taking part in what others do with it.
//!
//! An image is what a crash at this moment would leave. The engine makes such a file whole when it
//! opens it, so an image is opened with all that is written kept in memory. It takes no locks.
//!
//! An image is one moment's as long as the header stays the same: pages that a committed tree reaches
//! are not written again before a later commit, and every commit changes the header. Nor are they as
//! long as somebody reads that commit.

use std::fs::File;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, StorageBackend};

use super::create::{self, Access, Found};
use super::fault::{self, Fault};
use super::view::View;

/// How often an image is taken when others write meanwhile.
const ATTEMPTS: usize = 3;

/// Shows `look` the store, `None` where there is none, past whatever keeps it from being opened. In
/// the midst of a commit redb holds the file's header for a few microseconds, and a process that is
/// stopped right then would keep everybody from reading. The same goes for a file whose last writer was
/// killed, where it cannot be opened for writing, which would mend it. `Busy` when it is being written.
pub(super) fn read<T>(
    path: &Path,
    mut look: impl FnMut(Option<&Database>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let Found::Store(file) = create::find(path, Access::Read)? else {
        return look(None);
    };
    for _ in 0..ATTEMPTS {
        let before = Header::of(&file)?;
        let result = fault::catch(|| open(&file, &before).and_then(|image| look(Some(&image))));
        if Header::of(&file)? == before {
            return result;
        }
    }
    Err(Fault::Busy)
}

/// Checks that the file is as it was written, by the checksums of all that it holds. The engine trusts
/// a file, and gives wrong answers or panics where something else has changed it.
///
/// As long as what `begin_read` gives is there, nothing is written over what can be read by then. Damage
/// is believed only if the file was the same all the while; if it never is, others write it all the
/// time, who have checked it.
pub(super) fn check<R>(
    file: &File,
    mut begin_read: impl FnMut() -> Result<R, Fault>,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let before = Header::of(file)?;
        let _reading = begin_read()?;
        if Header::of(file)? != before {
            continue;
        }
        let result = fault::catch(|| verify(file, &before));
        if result.is_ok() || Header::of(file)? == before {
            return result;
        }
    }
    Ok(())
}

fn open(file: &File, header: &Header) -> Result<Database, Fault> {
    open_by(&builder(), file, header)
}

/// Verifies the checksums. It is the first thing that is done when an image is opened, and the rest is
/// called off.
fn verify(file: &File, header: &Header) -> Result<(), Fault> {
    /// Of the engine's work, from its source: all that comes later has a greater share done.
    const VERIFIED: f64 = 0.5;
    let mut builder = builder();
    builder.set_repair_callback(|repair| {
        if repair.progress() > VERIFIED {
            repair.abort();
        }
    });
    match open_by(&builder, file, header) {
        Ok(_) | Err(Fault::Engine(redb::Error::RepairAborted)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(super::CACHE_SIZE)
        .set_check_integrity_on_open(true);
    builder
}

fn open_by(builder: &Builder, file: &File, header: &Header) -> Result<Database, Fault> {
    if header.contradicts_itself() {
        return Err(Fault::Damaged(CHANGED.to_owned()));
    }
    let view = View::new(create::clone(file)?)?;
    builder
        .create_with_backend(view)
        .map_err(|error| match Fault::from(error) {
            Fault::Engine(redb::Error::Corrupted(_)) => Fault::Damaged(CHANGED.to_owned()),
            fault => fault,
        })
}

const CHANGED: &str = "it is not as it was written, by its checksums";

/// The first bytes of the file. Where its parts are is from redb's design document.
#[derive(PartialEq, Eq)]
struct Header([u8; 320]);

impl Header {
    fn of(file: &File) -> Result<Header, Fault> {
        let mut bytes = [0; 320];
        FileBackend::new(create::clone(file)?)?.read(0, &mut bytes)?;
        Ok(Header(bytes))
    }

    /// Whether a file that was closed names an older commit as its latest: no checksum covers the byte
    /// that says which one it is. While a file is open, or after a crash, it may well be the older one.
    fn contradicts_itself(&self) -> bool {
        const PRIMARY: u8 = 1;
        const RECOVERY_REQUIRED: u8 = 2;
        const PRIMARY_UNFLUSHED: u8 = 8;
        let flags = self.0[9];
        let id_in_slot = |slot: usize| {
            let start = 64 + 128 * slot + 104;
            let id = self.0[start..start + 8].try_into();
            id.map(u64::from_le_bytes).unwrap_or_default()
        };
        let (primary, secondary) = match flags & PRIMARY {
            0 => (0, 1),
            _ => (1, 0),
        };
        flags & RECOVERY_REQUIRED == 0
            && (flags & PRIMARY_UNFLUSHED != 0 || id_in_slot(primary) < id_in_slot(secondary))
    }
}
