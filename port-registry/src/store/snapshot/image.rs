//! Looking at the store's file without taking part in what others do with it.
//!
//! An image is what a crash at this moment would leave. The engine makes such a file whole when it
//! opens it, so an image is opened with all that is written kept in memory. It takes no locks.
//!
//! An image shows one moment as long as the header stays the same: pages that a committed tree reaches
//! are not overwritten before a later commit, and every commit changes the header. Pages of rows are not
//! overwritten while somebody reads that commit, either.

use std::path::Path;

use redb::{Builder, Database, ReadableDatabase, StorageBackend};

use super::overlay::View;
use crate::store::fault::{self, Fault};
use crate::store::file::{self, Access, Found, StoreFile};
use crate::store::handle;
use crate::store::tables::base;

/// How often an image is taken when others write meanwhile.
const ATTEMPTS: usize = 3;

/// Shows `look` the store, `None` where there is none, past whatever keeps it from being opened. In
/// the midst of a commit redb holds the file's header for a few microseconds, and a process that is
/// stopped right then would keep everybody from reading. The same goes for a file whose last writer was
/// killed, where it cannot be opened for writing, which would mend it. `Busy` when it is being written.
pub(in crate::store) fn read<T>(
    path: &Path,
    mut look: impl FnMut(Option<&Database>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let Found::Store(file) = file::find(path, Access::Read)? else {
        return look(None);
    };
    for _ in 0..ATTEMPTS {
        let (result, is_still) = look_once(&file, |header| {
            let image = open(&builder(), &file, header)?;
            look(Some(&image))
        })?;
        if is_still {
            return result;
        }
    }
    Err(Fault::Busy)
}

/// Checks that the file is as it was written, by the checksums of all that it holds. The engine trusts
/// a file, and gives wrong answers or panics where something else has changed it.
///
/// While somebody reads, as by `begin_read`, others write over nothing that can be read; but over what
/// the engine keeps for its writers they do, two commits later. So while others write all the time a
/// large file passes unchecked. They have checked it when they opened it.
pub(in crate::store) fn check<R>(
    file: &StoreFile,
    mut begin_read: impl FnMut() -> Result<R, Fault>,
) -> Result<(), Fault> {
    try_out(file, |header| {
        let _reading = begin_read()?;
        verify(file, header)
    })
}

/// The same, of whatever stands at a path.
pub(in crate::store) fn check_whole(path: &Path) -> Result<(), Fault> {
    match file::find(path, Access::Read)? {
        Found::Store(file) => check(&file, || Ok(())),
        Found::Nothing => Ok(()),
    }
}

/// Checks in the same way a file that a crash has left and nobody has open, and that it can be made
/// whole and is a registry's, before that is done to the file itself.
pub(in crate::store) fn check_recovery(file: &StoreFile, path: &Path) -> Result<(), Fault> {
    // As the file itself will be opened.
    let trusting = handle::builder();
    try_out(file, |header| {
        verify(file, header)?;
        let image = open(&trusting, file, header)?;
        base::to_read(&image.begin_read()?, path).map(drop)
    })
}

/// Tries a check on images until it is passed. That it is not is believed only if the file stayed the
/// same meanwhile.
fn try_out(
    file: &StoreFile,
    mut check: impl FnMut(&Header) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let (result, is_still) = match look_once(file, &mut check) {
            // A header that is locked cannot be read there.
            Err(_) if cfg!(windows) => continue,
            looked => looked?,
        };
        if result.is_ok() || is_still {
            return result;
        }
    }
    Ok(())
}

/// What `look` comes to, and whether the file stayed the same meanwhile.
fn look_once<T>(
    file: &StoreFile,
    look: impl FnOnce(&Header) -> Result<T, Fault>,
) -> Result<(Result<T, Fault>, bool), Fault> {
    let before = Header::of(file)?;
    let result = fault::catch(|| look(&before)).unwrap_or_else(|| Err(fault::changed()));
    Ok((result, Header::of(file)? == before))
}

/// Verifies the checksums. It is the first thing that is done when an image is opened, and the rest is
/// called off.
fn verify(file: &StoreFile, header: &Header) -> Result<(), Fault> {
    /// Of the engine's work, from the source of redb 4.6: all that comes later has a greater share done. Other
    /// versions may differ, so redb is held below 4.7.
    const VERIFIED: f64 = 0.5;
    let mut builder = builder();
    builder.set_repair_callback(|repair| {
        if repair.progress() > VERIFIED {
            repair.abort();
        }
    });
    match open(&builder, file, header) {
        Ok(_) | Err(Fault::Engine(redb::Error::RepairAborted)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(handle::CACHE_SIZE)
        .set_check_integrity_on_open(true);
    builder
}

fn open(builder: &Builder, file: &StoreFile, header: &Header) -> Result<Database, Fault> {
    if header.contradicts_itself() {
        return Err(fault::changed());
    }
    let view = View::new(file.backend.clone())?;
    Ok(builder.create_with_backend(view)?)
}

/// The first bytes of the file. Their layout is from the design document of redb 4.6, and so are the flags; redb
/// is held below 4.7 for it.
#[derive(PartialEq, Eq)]
struct Header([u8; 320]);

impl Header {
    fn of(file: &StoreFile) -> Result<Header, Fault> {
        let mut bytes = [0; 320];
        file.backend.read(0, &mut bytes)?;
        Ok(Header(bytes))
    }

    /// Whether a file that was closed names an older commit as its latest: no checksum covers the byte
    /// that says which one it is. While a file is open, or after a crash, either may be the latest.
    ///
    /// No file of ours is like that, on two conditions. A crash leaves a sector, and so the header's
    /// flags and its commits, as it was before a write or after it. And redb never rebuilds the list of
    /// free pages in the file itself, in the midst of which it would be so: each of our commits has the
    /// list with it.
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
