//! Failing writes, syncs, truncations, creations, renames and removals.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::fixtures::{claim, open, scratch};
use crate::store::disk::witness::{self, DiskChange};
use crate::{Allocation, Atomicity, Error, Filter, Registry, Request, Verdict};

/// The changes to the disk that fail.
#[derive(Clone, Copy, Debug)]
enum DiskFault {
    /// The change with this index.
    Once(u32),
    /// The change with this index and all later ones.
    From(u32),
}

/// Error numbers of Linux: an error of the disk, a full disk, a file system that became read-only after an error,
/// and an exhausted quota.
const ERRORS: [i32; 4] = [5, 28, 30, 122];

/// Runs `f` with a fault of the disk. Returns its result, and `true` if it met the fault.
fn with_fault<T>(fault: DiskFault, error: i32, f: impl FnOnce() -> T) -> (T, bool) {
    let is_met = Rc::new(Cell::new(false));
    let meet = is_met.clone();
    let mut changes = 0;
    let witness = move |change: &DiskChange<'_>| {
        if matches!(change, DiskChange::Created(..)) {
            return Ok(());
        }
        let fails = match fault {
            DiskFault::Once(at) => changes == at,
            DiskFault::From(at) => changes >= at,
        };
        changes += 1;
        if fails {
            meet.set(true);
            return Err(io::Error::from_raw_os_error(error));
        }
        Ok(())
    };
    let result = witness::during(witness, f);
    (result, is_met.get())
}

/// An operation on a registry.
struct Operation {
    name: &'static str,
    /// Prepares the registry, which may create the store.
    prepare: fn(&Registry),
    run: fn(&Registry) -> Result<(), Error>,
}

const OPERATIONS: [Operation; 7] = [
    Operation {
        name: "allocate",
        prepare: |registry| drop(registry.allocate(claim("other"))),
        run: |registry| registry.allocate(claim("web")).map(drop),
    },
    Operation {
        name: "allocate, the first of all",
        prepare: |_| {},
        run: |registry| registry.allocate(claim("web")).map(drop),
    },
    Operation {
        name: "release",
        prepare: |registry| drop(registry.allocate(claim("web"))),
        run: |registry| {
            let filter = Filter::new().with_service("web");
            registry.release_matching(&filter).map(drop)
        },
    },
    Operation {
        name: "record a checkout",
        prepare: |registry| drop(registry.allocate(claim("web"))),
        run: |registry| {
            let claim = claim("web").with_dir("/some/checkout").unwrap();
            registry.get_or_allocate(claim).map(drop)
        },
    },
    Operation {
        name: "record a checkout that differs by a slash",
        prepare: |registry| {
            let claim = claim("web").with_dir("/some/checkout").unwrap();
            drop(registry.allocate(claim));
        },
        run: |registry| {
            let claim = claim("web").with_dir("/some/checkout/").unwrap();
            registry.get_or_allocate(claim).map(drop)
        },
    },
    Operation {
        name: "a batch",
        prepare: |registry| drop(registry.allocate(claim("api"))),
        run: |registry| {
            let batch: Vec<_> = (0..12)
                .map(|number| Request::Allocate(claim(&format!("service-{number}"))))
                .chain([Request::ReleaseMatching(Filter::new().with_service("api"))])
                .collect();
            let answers = registry.apply(&batch, Atomicity::AllOrNothing)?;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        },
    },
    Operation {
        name: "a batch that writes a row twice",
        prepare: |_| {},
        run: |registry| {
            let batch = [
                Request::Allocate(claim("web")),
                Request::GetOrAllocate(claim("web").with_dir("/some/checkout").unwrap()),
            ];
            let answers = registry.apply(&batch, Atomicity::AllOrNothing)?;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        },
    },
];

fn listed(registry: &Registry) -> Vec<Allocation> {
    let mut listed = registry.list(&Filter::new()).unwrap();
    // A repeated operation may run in another second.
    let epoch = crate::Timestamp::from_unix_seconds(0).unwrap();
    for allocation in &mut listed {
        allocation.created_at = epoch;
    }
    listed
}

/// Repeats an operation with a fault at each of its changes to the disk in turn, through an open handle or a new
/// one. Checks that the answer is what is stored, that the store is undamaged, and that everything works
/// afterwards. Returns the number of faults.
fn meet_faults(operation: &Operation, fault: fn(u32) -> DiskFault, reopen: bool) -> u32 {
    let (before, after) = rows_around(operation);
    for at in 0.. {
        let error = ERRORS[at as usize % ERRORS.len()];
        let folder = scratch();
        let path = folder.path().join("new").join("ports.redb");
        let mut registry = open(&path);
        (operation.prepare)(&registry);
        if reopen {
            drop(registry);
            registry = open(&path);
        }
        let (answer, is_met) = with_fault(fault(at), error, || {
            let answer = (operation.run)(&registry);
            if reopen {
                // Closing the file meets the fault too, and nobody sees the error.
                registry.close();
            }
            answer
        });
        let what = format!(
            "{}, {:?}, error {error}: {answer:?}",
            operation.name,
            fault(at)
        );

        registry.verify().expect(&what);
        let expected = match answer {
            Ok(()) => Some(&after),
            Err(Error::Store { .. } | Error::NotWritable { .. }) => Some(&before),
            // Only if the lookup failed too. The outcome shows once the store can be written to.
            Err(Error::OutcomeUnknown { .. }) if matches!(fault(at), DiskFault::From(_)) => None,
            Err(error) => panic!("{what}: {error}"),
        };
        if let Some(expected) = expected {
            assert_eq!(listed(&registry), *expected, "{what}");
        }
        registry.try_write().expect(&what);
        let stored = listed(&registry);
        assert!(stored == before || stored == after, "{what}");
        assert!(
            expected.is_none_or(|expected| stored == *expected),
            "{what}"
        );
        if stored == before {
            (operation.run)(&registry).expect(&what);
        }
        registry.allocate(claim("healed")).expect(&what);
        // Other processes see the same.
        let others = open(&path);
        others.verify().expect(&what);
        assert_eq!(listed(&others), listed(&registry), "{what}");
        assert_eq!(listed(&others).len(), after.len() + 1, "{what}");
        if !is_met {
            return at;
        }
    }
    unreachable!()
}

/// Returns the rows before and after an operation.
fn rows_around(operation: &Operation) -> (Vec<Allocation>, Vec<Allocation>) {
    let folder = scratch();
    let registry = open(&folder.path().join("ports.redb"));
    (operation.prepare)(&registry);
    let before = listed(&registry);
    (operation.run)(&registry).unwrap();
    (before, listed(&registry))
}

fn meet_all_faults(fault: fn(u32) -> DiskFault, reopen: bool) {
    let faults: u32 = OPERATIONS
        .iter()
        .map(|operation| meet_faults(operation, fault, reopen))
        .sum();
    // Each operation makes several changes to the disk.
    assert!(faults > 6 * 10, "{faults}");
}

#[test]
fn a_transient_fault_is_answered_correctly() {
    meet_all_faults(DiskFault::Once, false);
}

#[test]
fn a_permanent_fault_is_answered_correctly_and_all_works_when_it_ends() {
    meet_all_faults(DiskFault::From, false);
}

#[test]
fn a_transient_fault_in_a_new_process_is_answered_correctly() {
    meet_all_faults(DiskFault::Once, true);
}

#[test]
fn a_permanent_fault_in_a_new_process_is_answered_correctly_and_all_works_when_it_ends() {
    meet_all_faults(DiskFault::From, true);
}

#[test]
fn concurrent_reads_do_not_fail_with_a_write() {
    let folder = scratch();
    let registry = open(&folder.path().join("ports.redb"));
    for number in 0..100 {
        registry
            .allocate(claim(&format!("service-{number}")))
            .unwrap();
    }
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 100);
                }
            });
        }
        let fails: Vec<_> = (0..30)
            .map(|calls| {
                let fail = || registry.allocate(claim("fails"));
                with_fault(DiskFault::Once(calls % 2), ERRORS[0], fail)
                    .0
                    .is_err()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(fails.into_iter().all(|fails| fails));
    });
}

#[test]
fn a_commit_does_not_fail_because_its_turn_came_late() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let open = |wait| {
        Registry::builder()
            .with_path(&path)
            .with_probe(|_| Ok(Verdict::Free))
            .with_wait(wait)
            .open()
            .unwrap()
    };
    let hurried = open(Duration::ZERO);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = open(Duration::from_secs(5));
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    reader.list(&Filter::new()).unwrap();
                }
            });
        }
        // Nobody else writes, so the only waits are for locks that are held for an instant.
        let answers: Vec<_> = (0..200)
            .map(|number| hurried.allocate(claim(&format!("service-{number}"))))
            .collect();
        is_over.store(true, Ordering::Relaxed);
        for answer in answers {
            answer.unwrap();
        }
    });
}

#[test]
fn a_batch_that_undoes_itself_is_answered_correctly_when_its_commit_fails() {
    let folder = scratch();
    let registry = open(&folder.path().join("ports.redb"));
    let mut next_id = registry.allocate(claim("first")).unwrap().id.get() + 1;
    let mut failures = 0;
    for calls in 0.. {
        let requests = [
            Request::Allocate(claim("brief")),
            Request::ReleaseMatching(Filter::new().with_service("brief")),
        ];
        let (answers, is_met) = with_fault(DiskFault::Once(calls), ERRORS[0], || {
            registry.apply(&requests, Atomicity::Each)
        });
        // An id that was answered is not reused.
        match answers {
            Ok(_) => next_id += 1,
            Err(_) => failures += 1,
        }
        let after = registry.allocate(claim(&format!("after-{calls}"))).unwrap();
        assert_eq!(after.id.get(), next_id, "after {calls} calls");
        next_id += 1;
        if !is_met {
            break;
        }
    }
    assert!(failures > 0);
}
