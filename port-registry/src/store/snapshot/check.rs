//! Checking that a file is undamaged before it is used.

use std::path::Path;

use redb::ReadableDatabase;

use super::header::FileHeader;
use super::image::{self, ATTEMPTS};
use crate::store::fault::Access;
use crate::store::fault::Fault;
use crate::store::file::{self, FoundFile, StoreFile};
use crate::store::handle;
use crate::store::tables::base;

/// Verifies all checksums of a file. redb trusts a file that was closed cleanly, and gives wrong answers or panics
/// if it was damaged since.
///
/// `begin_read` begins a transaction, during which writers overwrite nothing that can be read. They do overwrite the
/// engine's own data, two commits later. So a large file passes unchecked while others write all the time, because they
/// checked it when they opened it.
pub(in crate::store) fn check<R>(
    file: &StoreFile,
    mut begin_read: impl FnMut() -> Result<R, Fault>,
) -> Result<(), Fault> {
    check_images(file, |header| {
        let _reading = begin_read()?;
        verify(file, header)
    })
}

/// Like [`check`], for the file at a path, which need not be open.
pub(in crate::store) fn check_path(path: &Path) -> Result<(), Fault> {
    match file::find(path, Access::Read)? {
        FoundFile::Store(file) => check(&file, || Ok(())),
        FoundFile::Nothing => Ok(()),
    }
}

/// Checks a file that a crash has left and nobody has open: its checksums are right, it can be repaired, and it is a
/// registry. The repair is tried on an image first.
pub(in crate::store) fn check_recovery(file: &StoreFile, path: &Path) -> Result<(), Fault> {
    // The settings that the file itself will be opened with.
    let trusting = handle::builder();
    check_images(file, |header| {
        verify(file, header)?;
        let image = image::open(&trusting, file, header)?;
        base::read_tables(&image.begin_read()?, path).map(drop)
    })
}

/// Runs a check on images until it passes. Believes a failure only if the file did not change meanwhile.
fn check_images(
    file: &StoreFile,
    mut check: impl FnMut(&FileHeader) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let (result, is_unchanged) = match image::read_once(file, &mut check) {
            // On Windows a locked header cannot be read.
            Err(_) if cfg!(windows) => continue,
            read => read?,
        };
        if result.is_ok() || is_unchanged {
            return result;
        }
    }
    Ok(())
}

/// Verifies the checksums. redb does so first when it opens an image; the rest of the repair is aborted.
fn verify(file: &StoreFile, header: &FileHeader) -> Result<(), Fault> {
    /// The progress that redb reports before all checksums are verified is at most this, according to the source
    /// of redb 4.6. Cargo.toml pins redb below 4.7.
    const VERIFIED: f64 = 0.5;
    let mut builder = image::builder();
    builder.set_repair_callback(|repair| {
        if repair.progress() > VERIFIED {
            repair.abort();
        }
    });
    match image::open(&builder, file, header) {
        Ok(_) | Err(Fault::Engine(redb::Error::RepairAborted)) => Ok(()),
        Err(fault) => Err(fault),
    }
}
