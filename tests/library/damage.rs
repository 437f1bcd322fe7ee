//! Damaged files: flipped bits and truncation.
//!
//! No answer may be wrong, nothing may panic, and the file must stay as it is. By default the test damages some
//! hundred places spread over the file. `PORT_REGISTRY_SOAK` multiplies them, up to every bit.

use std::cell::Cell;
use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;

use port_registry::{Allocation, Claim, Error, Filter, Registry, ServiceKey, Verdict};

use test_support::{folder_in_memory, soak};

/// Default number of bits to flip in the header, and in the rest of the file.
const PLACES: usize = 150;

/// Length of redb's header in bits, from its design document.
const HEADER: usize = 320 * 8;

/// Offset of the header byte with redb's flags, from its design document.
const FLAGS: usize = 9;

/// Flags that say which of two commits is the latest, and whether it was flushed.
///
/// No checksum covers them. The registry checks them against the rest of a file that was closed. After a kill, or
/// while a file is open, either commit may be the latest, so that a flipped flag goes unnoticed.
const LATEST: u8 = 1 | 8;

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

/// Returns a store with some allocations, as it is after closing and after its writer was killed.
fn stores() -> [Vec<u8>; 2] {
    let folder = folder_in_memory();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    for number in 0..40 {
        registry
            .allocate(claim(&format!("service-{number}")))
            .unwrap();
    }
    let filter = Filter::new().with_service("service-5");
    registry.release_matching(&filter).unwrap();
    let killed = fs::read(&path).unwrap();
    drop(registry);
    [fs::read(&path).unwrap(), killed]
}

/// Reads and writes a damaged store. Returns true if that fails with an error about the damage.
///
/// Panics if an answer is wrong, something panics, or a rejected file was changed.
fn is_noticed(damaged: &[u8], intact: &RegistryContent, next: (u64, u16), damage: &str) -> bool {
    let folder = folder_in_memory();
    let path = folder.path().join("ports.redb");
    fs::write(&path, damaged).unwrap();
    let before = PANICS.get();
    let content = read_content(&path);
    // A successful read may have repaired a file whose writer was killed.
    let is_kept = content.is_ok() || fs::read(&path).unwrap() == damaged;
    assert!(is_kept, "{damage}: the file was changed: {content:?}");
    let is_noticed = match content {
        Ok(content) => {
            assert!(content == *intact, "{damage}: {content:?}");
            false
        }
        Err(error) => is_damage(&error, damage),
    };
    let before_write = fs::read(&path).unwrap();
    let allocated = allocate_one(&path);
    if allocated.is_err() {
        assert!(
            fs::read(&path).unwrap() == before_write,
            "{damage}: the file was changed"
        );
    }
    assert_eq!(PANICS.get(), before, "{damage}: a panic");
    match allocated {
        Ok(allocated) => {
            assert_eq!(allocated, next, "{damage}");
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

fn is_damage(error: &Error, damage: &str) -> bool {
    assert!(
        matches!(error, Error::Damaged { .. } | Error::ForeignFile { .. }),
        "{damage}: {error:?}"
    );
    true
}

#[test]
fn damage_causes_no_wrong_answer_or_panic_and_the_file_is_kept() {
    // Count panics that become errors, too, because their messages are printed. The library uses the store's file
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
    for (store, was_closed) in stores().iter().zip([true, false]) {
        let folder = folder_in_memory();
        let path = folder.path().join("ports.redb");
        fs::write(&path, store).unwrap();
        let intact = read_content(&path).unwrap();
        let next = allocate_one(&path).unwrap();

        let mut noticed = 0;
        let bits = store.len() * 8;
        let of_header = (0..HEADER).step_by(HEADER.div_ceil(places));
        let of_flags = FLAGS * 8..(FLAGS + 1) * 8;
        let of_rest = (HEADER..bits).step_by(bits.div_ceil(places));
        for bit in of_header.chain(of_flags).chain(of_rest) {
            let (at, mask) = (bit / 8, 1 << (bit % 8));
            if !was_closed && at == FLAGS && mask & LATEST != 0 {
                continue;
            }
            let mut damaged = store.clone();
            damaged[at] ^= mask;
            let damage = format!("bit {bit} of {bits}, closed: {was_closed}");
            noticed += u32::from(is_noticed(&damaged, &intact, next, &damage));
        }
        assert!(noticed > 50, "{noticed}");
        let lengths = (1..store.len()).step_by(store.len().div_ceil(places / 3));
        for length in lengths {
            let damage = format!("{length} bytes, closed: {was_closed}");
            let is_noticed = is_noticed(&store[..length], &intact, next, &damage);
            assert!(is_noticed || length > store.len() / 2, "{damage}");
        }
    }
    panic::set_hook(Box::new(move |info| original(info)));
}
