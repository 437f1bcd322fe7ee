//! The store on disks that fail.

mod disk;
mod faults;
mod power_loss;
mod recent;

use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use crate::{Claim, Error, Registry, ServiceKey, Verdict};

fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
}

fn open(path: &Path) -> Registry {
    try_open(path).unwrap()
}

fn try_open(path: &Path) -> Result<Registry, Error> {
    let all_free = |_| Ok(Verdict::Free);
    Registry::builder().path(path).probe(all_free).open()
}

/// A folder in memory, where there is such a file system: what a disk makes of it is up to the tests.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// How much more than usual is to be done.
fn soak() -> u32 {
    let factor = std::env::var("PORT_REGISTRY_SOAK");
    factor.map_or(1, |factor| factor.parse().unwrap())
}

/// Says what was done, of a run that is longer than usual.
fn report(done: &str) {
    if soak() > 1 {
        let _ = writeln!(std::io::stderr(), "{done}");
    }
}
