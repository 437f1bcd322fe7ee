//! A file of any content in the place of the store, for the fuzzer and the replay of its corpus.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use crate::folder_in_memory;
use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};

/// A store of some allocations.
static TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
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
    registry.release_matching(filter).expect("it is there");
    drop(registry);
    fs::read(&path).expect("the store")
});

/// A file in the place of the store is a store, or an error that says what it is instead.
///
/// Data that starts with `P` is a patch of a store: an offset in three bytes and a byte to put there,
/// over and over. Data that starts with `R` is the file.
///
/// # Panics
///
/// When what comes of it is not as it should be.
pub fn open_as_store(data: &[u8]) {
    let content = match data.split_first() {
        Some((b'P', patches)) => patched(patches),
        Some((b'R', content)) => content.to_vec(),
        _ => return,
    };
    let folder = folder_in_memory();
    let path = folder.path().join("ports.redb");
    fs::write(&path, &content).expect("a file");
    let registry = match open(&path) {
        Ok(registry) => registry,
        Err(error) => {
            assert!(is_told(&error), "{error:?}");
            let now = fs::read(&path).expect("the file");
            assert!(now == content, "the file was changed: {error}");
            return;
        }
    };
    if let Err(error) = use_all(&registry) {
        assert!(is_told(&error), "{error:?}");
    }
}

/// Whether an error says what is wrong with the file.
fn is_told(error: &Error) -> bool {
    matches!(
        error,
        Error::Damaged { .. }
            | Error::ForeignFile { .. }
            | Error::SqliteFile { .. }
            | Error::UnknownFormat { .. }
    )
}

fn patched(patches: &[u8]) -> Vec<u8> {
    let mut content = TEMPLATE.to_vec();
    let len = content.len();
    for patch in patches.chunks_exact(4) {
        let at = usize::from(patch[0]) << 16 | usize::from(patch[1]) << 8 | usize::from(patch[2]);
        content[at % len] = patch[3];
    }
    content
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
    registry.release_matching(Filter::new().with_app("fuzzer"))?;
    registry.verify()
}
