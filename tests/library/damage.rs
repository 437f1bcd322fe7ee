//! Files that something else than the registry has changed: bits that flipped, files cut short.
//!
//! Nothing is answered that is not so, nothing panics, and the file is kept as it is. By default some
//! hundred places spread over the file are tried; `PORT_REGISTRY_SOAK` multiplies them, up to every bit
//! of it.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use port_registry::{Allocation, Claim, Error, Filter, Registry, ServiceKey, Verdict};

use test_support::{folder_in_memory, soak};

/// How many bits and lengths are tried by default, of the header and of the rest.
const PLACES: usize = 150;

/// The length of the header in bits, by redb's design document.
const HEADER: usize = 320 * 8;

/// Of the header's tenth byte, by redb's design document: which of two commits is the latest, and
/// whether it was flushed. No checksum covers them. In a file that was closed they are checked against
/// the rest; while one is open, or after a kill, either commit may be the latest.
const FLAGS: usize = 9;
const LATEST: u8 = 1 | 8;

static PANICS: AtomicU32 = AtomicU32::new(0);

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

/// Everything that a registry tells of itself.
#[derive(Debug, PartialEq)]
struct Told {
    listed: Vec<Allocation>,
    by_app: Vec<Allocation>,
    by_port: Vec<Vec<Allocation>>,
    by_service: Vec<Vec<Allocation>>,
}

fn told_by(path: &Path) -> Result<Told, Error> {
    let registry = open(path)?;
    registry.verify()?;
    let ports = (3004..3007).map(|port| Filter::new().with_port(port.to_string().parse().unwrap()));
    let services = (4..7).map(|number| {
        let filter = Filter::new().with_app("app").with_instance("main");
        filter.with_service(format!("service-{number}"))
    });
    Ok(Told {
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

/// What one more allocation comes to: its id and port.
fn allocated_by(path: &Path) -> Result<(u64, u16), Error> {
    let allocation = open(path)?.get_or_allocate(claim("one-more"))?;
    Ok((allocation.id.get(), allocation.port.get()))
}

/// A store of some allocations, as it is when it was closed and when its writer was killed.
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
    registry.release_matching(filter).unwrap();
    let killed = fs::read(&path).unwrap();
    drop(registry);
    [fs::read(&path).unwrap(), killed]
}

/// Opens a damaged copy of a store; tells whether the damage was noticed.
fn is_noticed(damaged: &[u8], whole: &Told, next: (u64, u16), what: &str) -> bool {
    let folder = folder_in_memory();
    let path = folder.path().join("ports.redb");
    fs::write(&path, damaged).unwrap();
    let before = PANICS.load(Ordering::Relaxed);
    let told = told_by(&path);
    // Reading may have mended what a kill left.
    let is_kept = told.is_ok() || fs::read(&path).unwrap() == damaged;
    assert!(is_kept, "{what}: the file was changed: {told:?}");
    let is_noticed = match told {
        Ok(told) => {
            assert!(told == *whole, "{what}: {told:?}");
            false
        }
        Err(error) => is_damage(&error, what),
    };
    let before_write = fs::read(&path).unwrap();
    let allocated = allocated_by(&path);
    if allocated.is_err() {
        assert!(
            fs::read(&path).unwrap() == before_write,
            "{what}: the file was changed"
        );
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), before, "{what}: a panic");
    match allocated {
        Ok(allocated) => {
            assert_eq!(allocated, next, "{what}");
            assert!(
                !is_noticed,
                "{what}: damage that is noticed by readers alone"
            );
            open(&path).unwrap().verify().expect(what);
            is_noticed
        }
        Err(error) => is_damage(&error, what),
    }
}

fn is_damage(error: &Error, what: &str) -> bool {
    assert!(
        matches!(error, Error::Damaged { .. } | Error::ForeignFile { .. }),
        "{what}: {error:?}"
    );
    true
}

#[test]
fn damage_gives_no_wrong_answer_and_no_panic_and_leaves_the_file_as_it_is() {
    // Those that become errors count too, since they are printed.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // Other tests of this process may provoke panics. Their threads have their names, which are paths.
        let thread = thread::current();
        let is_of_another_test = |name: &str| name.contains("::") && !name.contains("damage::");
        if !thread.name().is_some_and(is_of_another_test) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        hook(info);
    }));
    let places = PLACES * soak() as usize;
    for (store, was_closed) in stores().iter().zip([true, false]) {
        let folder = folder_in_memory();
        let path = folder.path().join("ports.redb");
        fs::write(&path, store).unwrap();
        let whole = told_by(&path).unwrap();
        let next = allocated_by(&path).unwrap();

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
            let what = format!("bit {bit} of {bits}, closed: {was_closed}");
            noticed += u32::from(is_noticed(&damaged, &whole, next, &what));
        }
        assert!(noticed > 50, "{noticed}");
        let lengths = (1..store.len()).step_by(store.len().div_ceil(places / 3));
        for length in lengths {
            let what = format!("{length} bytes, closed: {was_closed}");
            let is_noticed = is_noticed(&store[..length], &whole, next, &what);
            assert!(is_noticed || length > store.len() / 2, "{what}");
        }
    }
}
