//! Arbitrary files in place of the store, for the fuzzer and the replay of its corpus.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use crate::folder_in_memory;
use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};

/// The names of a store's files.
const FILES: [&str; 3] = ["ports.redb", "ports.redb.journal", "ports.redb.lock"];

/// The files of a valid store with some allocations.
static TEMPLATE: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let folder = folder_in_memory();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).expect("a registry");
    for number in 0..12 {
        let key = ServiceKey::new("app", "main", format!("service-{number}"));
        let claim = Claim::new(key.expect("a name"))
            .with_dir("/some/checkout")
            .expect("a path");
        registry.allocate(claim).expect("an allocation");
    }
    let filter = Filter::new().with_service("service-5");
    registry.release_matching(&filter).expect("it is there");
    drop(registry);
    FILES.map(|name| fs::read(folder.path().join(name)).expect("the store"))
});

/// Opens fuzzer input as a store, and uses the registry if that succeeds.
///
/// Input that starts with `P`, `J` or `L` contains patches of the database, the journal or the lock file of a valid store,
/// each a three-byte offset and the new byte. Input that starts with `R` contains the database itself, without a journal, and
/// input that starts with `K` a journal. Other input is ignored.
///
/// # Panics
///
/// Panics if opening or using the files fails with an error that does not describe them, if a rejected database was changed,
/// or if the registry's answers are inconsistent.
pub fn open_as_store(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let mut files = TEMPLATE.clone();
    match kind {
        b'P' => patch(&mut files[0], rest),
        b'J' => patch(&mut files[1], rest),
        b'L' => patch(&mut files[2], rest),
        b'R' => files = [rest.to_vec(), Vec::new(), Vec::new()],
        b'K' => files[1] = rest.to_vec(),
        _ => return,
    }
    let folder = folder_in_memory();
    for (name, content) in FILES.iter().zip(&files) {
        if !content.is_empty() {
            fs::write(folder.path().join(name), content).expect("a file");
        }
    }
    let path = folder.path().join("ports.redb");
    let registry = match open(&path) {
        Ok(registry) => registry,
        Err(error) => {
            assert!(describes_file(&error), "{error:?}");
            let now = fs::read(&path).expect("the file");
            assert!(now == files[0], "the file was changed: {error}");
            return;
        }
    };
    if let Err(error) = use_all(&registry) {
        assert!(describes_file(&error), "{error:?}");
    }
}

/// Returns true if an error says what is wrong with the file.
fn describes_file(error: &Error) -> bool {
    matches!(
        error,
        Error::Damaged { .. }
            | Error::ForeignFile { .. }
            | Error::SqliteFile { .. }
            | Error::UnknownFormat { .. }
            | Error::JournalMissing { .. }
    )
}

fn patch(content: &mut [u8], patches: &[u8]) {
    let len = content.len();
    for patch in patches.chunks_exact(4) {
        let at = usize::from(patch[0]) << 16 | usize::from(patch[1]) << 8 | usize::from(patch[2]);
        content[at % len] = patch[3];
    }
}

fn open(path: &Path) -> Result<Registry, Error> {
    Registry::builder()
        .with_path(path)
        .with_wait(Duration::from_secs(1))
        .with_probe(|_| Ok(Verdict::Free))
        .open()
}

fn use_all(registry: &Registry) -> Result<(), Error> {
    let listed = registry.list(&Filter::new())?;
    registry.verify()?;
    for allocation in &listed {
        let by_port = registry.list(&Filter::new().with_port(allocation.port))?;
        assert_eq!(by_port, std::slice::from_ref(allocation));
    }
    let key = ServiceKey::new("fuzzer", "main", "web").expect("a name");
    registry.get_or_allocate(Claim::new(key))?;
    registry.release_matching(&Filter::new().with_app("fuzzer"))?;
    registry.verify()
}
