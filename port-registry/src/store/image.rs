//! Looking at the store's file without taking part in what others do with it.
//!
//! An image is what a crash at this moment would leave. The engine makes such a file whole when it
//! opens it, so an image is opened with all that is written kept in memory. It takes no locks.
//!
//! An image is one moment's as long as the header stays the same: pages that a committed tree reaches
//! are not written again before a later commit, and every commit changes the header. Nor are they as
//! long as somebody reads that commit.

use std::path::Path;

use redb::{Builder, Database, ReadableDatabase, StorageBackend};

use super::create::{self, Access, Found, StoreFile};
use super::fault::{self, Fault};
use super::tables;
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
/// As long as what `begin_read` gives is there, nothing is written over what could be read by then.
pub(super) fn check<R>(
    file: &StoreFile,
    mut begin_read: impl FnMut() -> Result<R, Fault>,
) -> Result<(), Fault> {
    try_out(file, |header| {
        let _reading = begin_read()?;
        verify(file, header)
    })
}

/// Checks in the same way a file that a crash has left and nobody has open, and that it can be made
/// whole and is a registry's, before that is done to the file itself.
pub(super) fn check_recovery(file: &StoreFile, path: &Path) -> Result<(), Fault> {
    // As the file itself will be opened.
    let trusting = super::builder();
    try_out(file, |header| {
        verify(file, header)?;
        let image = open(&trusting, file, header)?;
        tables::snapshot(&image.begin_read()?, path).map(drop)
    })
}

/// Tries something out on images until it goes well. A failure is believed only if the file stayed the
/// same meanwhile. If it never does, others write it all the time, who have checked it.
fn try_out(
    file: &StoreFile,
    mut try_out: impl FnMut(&Header) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let (result, is_still) = look_once(file, &mut try_out)?;
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
    let result = fault::catch(|| look(&before));
    Ok((result, Header::of(file)? == before))
}

/// Verifies the checksums. It is the first thing that is done when an image is opened, and the rest is
/// called off.
fn verify(file: &StoreFile, header: &Header) -> Result<(), Fault> {
    /// Of the engine's work, from its source: all that comes later has a greater share done.
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
        .set_cache_size(super::CACHE_SIZE)
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

/// The first bytes of the file. Where its parts are is from redb's design document.
#[derive(PartialEq, Eq)]
struct Header([u8; 320]);

impl Header {
    fn of(file: &StoreFile) -> Result<Header, Fault> {
        let mut bytes = [0; 320];
        file.backend.read(0, &mut bytes)?;
        Ok(Header(bytes))
    }

    /// Whether a file that was closed names an older commit as its latest: no checksum covers the byte
    /// that says which one it is. While a file is open, or after a crash, it may well be the older one:
    /// the engine does not say that it was closed before the next commit, unless it has to find out
    /// anew which pages are free, which it notes with every commit.
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
