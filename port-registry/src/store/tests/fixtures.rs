//! Registries and folders for the tests.

use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use crate::{Claim, Error, Registry, ServiceKey, Verdict};

pub(super) fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
}

pub(super) fn open(path: &Path) -> Registry {
    try_open(path).unwrap()
}

pub(super) fn try_open(path: &Path) -> Result<Registry, Error> {
    let all_free = |_| Ok(Verdict::Free);
    Registry::builder()
        .with_path(path)
        .with_probe(all_free)
        .open()
}

/// Makes a folder, in memory if there is such a file system, because the tests simulate the disk.
pub(super) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Returns the factor by which a test runs longer than usual.
pub(super) fn soak() -> u32 {
    let factor = std::env::var("PORT_REGISTRY_SOAK");
    factor.map_or(1, |factor| factor.parse().unwrap())
}

/// Prints the work that a longer run has done.
pub(super) fn report(done: &str) {
    if soak() > 1 {
        let _ = writeln!(std::io::stderr(), "{done}");
    }
}
