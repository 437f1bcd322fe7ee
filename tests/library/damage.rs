//! Damaged files: flipped bits and truncation.
//!
//! No answer may be wrong, nothing may panic, and the file must stay as it is. By default the test damages some
//! hundred places spread over each file. `PORT_REGISTRY_SOAK` multiplies them, up to every bit.

use std::cell::Cell;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use port_registry::{
    Allocation, Atomicity, Claim, Error, Filter, Registry, Request, ServiceKey, Verdict,
};
use tempfile::TempDir;

use test_support::{folder_in_memory, soak};

/// Default number of bits to flip in each file.
const PLACES: usize = 120;

/// The files of a store, in the order in which they are damaged: the mark, which the lock file has, does not count once the
/// database has changed.
const FILES: [&str; 3] = ["ports.redb.lock", "ports.redb.journal", "ports.redb"];

thread_local! {
    /// Number of panics of this thread, including those that became errors.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

fn open(path: &Path) -> Result<Registry, Error> {
    let all_free = |_| Ok(Verdict::Free);
    Registry::builder()
        .with_path(path)
        .with_probe(all_free)
        .open()
}

fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
        .with_dir("/some/checkout")
        .unwrap()
}

/// Allocations as read through every index.
#[derive(Debug, PartialEq)]
struct RegistryContent {
    listed: Vec<Allocation>,
    by_app: Vec<Allocation>,
    by_port: Vec<Vec<Allocation>>,
    by_service: Vec<Vec<Allocation>>,
}

fn read_content(path: &Path) -> Result<RegistryContent, Error> {
    let registry = open(path)?;
    registry.verify()?;
    let ports = (3004..3007).map(|port| Filter::new().with_port(port.to_string().parse().unwrap()));
    let services = (4..7).map(|number| {
        let filter = Filter::new().with_app("app").with_instance("main");
        filter.with_service(format!("service-{number}"))
    });
    Ok(RegistryContent {
        listed: registry.list(&Filter::new())?,
        by_app: registry.list(&Filter::new().with_app("app"))?,
        by_port: ports
            .map(|filter| registry.list(&filter))
            .collect::<Result<_, _>>()?,
        by_service: services
            .map(|filter| registry.list(&filter))
            .collect::<Result<_, _>>()?,
    })
}

/// Allocates one more port. Returns its id and port.
fn allocate_one(path: &Path) -> Result<(u64, u16), Error> {
    let allocation = open(path)?.get_or_allocate(claim("one-more"))?;
    Ok((allocation.id.get(), allocation.port.get()))
}

/// A store whose files are damaged and restored.
struct Patient {
    folder: TempDir,
    files: [Vec<u8>; 3],
    intact: RegistryContent,
    next: (u64, u16),
}

impl Patient {
    /// Makes a store with allocations in the database and in the journal.
    fn new() -> Patient {
        let folder = folder_in_memory();
        let path = folder.path().join("ports.redb");
        let registry = open(&path).unwrap();
        let many: Vec<_> = (0..40)
            .map(|number| Request::Allocate(claim(&format!("service-{number}"))))
            .collect();
        registry.apply(&many, Atomicity::Each).unwrap();
        // More than the journal may keep.
        for _ in 0..260 {
            registry.try_write().unwrap();
        }
        registry.allocate(claim("service-40")).unwrap();
        let filter = Filter::new().with_service("service-5");
        registry.release_matching(&filter).unwrap();
        let intact = read_content(&path).unwrap();
        let files = FILES.map(|name| fs::read(folder.path().join(name)).unwrap());
        let next = allocate_one(&path).unwrap();
        Patient {
            folder,
            files,
            intact,
            next,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ports.redb")
    }

    /// Restores the first files, without a change to the others. The database stays the same file otherwise, so that
    /// the mark counts.
    fn restore(&self, count: usize) {
        for (name, content) in FILES.iter().zip(&self.files).take(count) {
            fs::write(self.folder.path().join(name), content).unwrap();
        }
    }

    /// Damages a file, and reads and writes the store. Returns `true` if that fails with an error about the damage.
    ///
    /// Panics if an answer is wrong, something panics, or a rejected file was changed.
    fn notices(&self, file: usize, damaged: &[u8], damage: &str) -> bool {
        self.restore(file.max(1) + 1);
        let (path, damaged_file) = (self.path(), self.folder.path().join(FILES[file]));
        fs::write(&damaged_file, damaged).unwrap();
        let before = PANICS.get();
        let content = read_content(&path);
        assert!(
            fs::read(&damaged_file).unwrap() == damaged,
            "{damage}: the file was changed"
        );
        let is_noticed = match content {
            Ok(content) => {
                assert!(content == self.intact, "{damage}: {content:?}");
                false
            }
            Err(error) => is_damage(&error, damage),
        };
        let allocated = allocate_one(&path);
        if allocated.is_err() {
            assert!(
                fs::read(&damaged_file).unwrap() == damaged,
                "{damage}: the file was changed"
            );
        }
        assert_eq!(PANICS.get(), before, "{damage}: a panic");
        match allocated {
            Ok(allocated) => {
                assert_eq!(allocated, self.next, "{damage}");
                assert!(
                    !is_noticed,
                    "{damage}: reading noticed the damage, but writing did not"
                );
                open(&path).unwrap().verify().expect(damage);
                is_noticed
            }
            Err(error) => is_damage(&error, damage),
        }
    }
}

fn is_damage(error: &Error, damage: &str) -> bool {
    assert!(
        matches!(error, Error::Damaged { .. } | Error::ForeignFile { .. }),
        "{damage}: {error:?}"
    );
    true
}

#[test]
fn damage_causes_no_wrong_answer_or_panic_and_the_file_is_kept() {
    // Count panics that become errors, too, because their messages are printed. The library uses the store's files
    // only on the caller's thread.
    let hook = Arc::new(panic::take_hook());
    let original = hook.clone();
    panic::set_hook(Box::new(move |info| {
        PANICS.set(PANICS.get() + 1);
        hook(info);
    }));
    let caught = panic::catch_unwind(|| panic!("the test of the count"));
    assert_eq!((caught.is_err(), PANICS.get()), (true, 1));
    let places = PLACES * soak() as usize;
    let patient = Patient::new();
    for (file, name) in FILES.into_iter().enumerate() {
        let content = &patient.files[file];
        // Damage in the zeros at the end of the journal is harmless.
        let used = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let bits = used * 8;
        let mut noticed = 0;
        for bit in (0..bits).step_by(bits.div_ceil(places)) {
            let mut damaged = content.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let damage = format!("{name}: bit {bit} of {bits}");
            noticed += u32::from(patient.notices(file, &damaged, &damage));
        }
        let lengths = (0..used).step_by(used.div_ceil(places / 3));
        for length in lengths.chain([content.len() - 1]) {
            let damage = format!("{name}: {length} bytes of {used}");
            let is_noticed = patient.notices(file, &content[..length], &damage);
            assert!(is_noticed || file == 0, "{damage}");
        }
        let is_harmless = match name {
            // Without a mark, all records count.
            "ports.redb.lock" => noticed == 0,
            _ => noticed > 50,
        };
        assert!(is_harmless, "{name}: {noticed}");
    }
    panic::set_hook(Box::new(move |info| original(info)));
}
