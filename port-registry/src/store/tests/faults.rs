//! Writes, syncs, truncations, creations, renames and removals that fail.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{claim, open, scratch};
use crate::store::disk::witness::{self, Change};
use crate::{Allocation, Atomicity, Error, Filter, Registry, Request, Verdict};

/// Which of the changes to the disk fail.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The one after so many others.
    Once(u32),
    /// It, and all later ones.
    From(u32),
}

/// What the system says, by Linux' numbers: an error of the disk, a full disk, a file system that turned
/// read-only after an error, a quota that is used up.
const ERRORS: [i32; 4] = [5, 28, 30, 122];

/// Runs `f` with a fault of the disk; tells whether it was met.
fn with_fault<T>(fault: Fault, error: i32, f: impl FnOnce() -> T) -> (T, bool) {
    let is_met = Rc::new(Cell::new(false));
    let meet = is_met.clone();
    let mut changes = 0;
    let witness = move |change: &Change<'_>| {
        if matches!(change, Change::Created(..)) {
            return Ok(());
        }
        let fails = match fault {
            Fault::Once(at) => changes == at,
            Fault::From(at) => changes >= at,
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

/// Something that is asked of a registry, and all that it can come to.
struct Deed {
    name: &'static str,
    /// What is there before, if a store is at all.
    prepare: fn(&Registry),
    ask: fn(&Registry) -> Result<(), Error>,
}

const DEEDS: [Deed; 6] = [
    Deed {
        name: "allocate",
        prepare: |registry| drop(registry.allocate(claim("other"))),
        ask: |registry| registry.allocate(claim("web")).map(drop),
    },
    Deed {
        name: "allocate, the first of all",
        prepare: |_| {},
        ask: |registry| registry.allocate(claim("web")).map(drop),
    },
    Deed {
        name: "release",
        prepare: |registry| drop(registry.allocate(claim("web"))),
        ask: |registry| {
            let filter = Filter::default().service("web");
            registry.release_matching(filter).map(drop)
        },
    },
    Deed {
        name: "record a checkout",
        prepare: |registry| drop(registry.allocate(claim("web"))),
        ask: |registry| {
            let claim = claim("web").dir("/some/checkout").unwrap();
            registry.get_or_allocate(claim).map(drop)
        },
    },
    Deed {
        name: "a batch",
        prepare: |registry| drop(registry.allocate(claim("api"))),
        ask: |registry| {
            let batch: Vec<_> = (0..12)
                .map(|number| Request::Allocate(claim(&format!("service-{number}"))))
                .chain([Request::ReleaseMatching(Filter::default().service("api"))])
                .collect();
            let answers = registry.apply(&batch, Atomicity::AllOrNothing)?;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        },
    },
    Deed {
        name: "a batch that writes a row twice",
        prepare: |_| {},
        ask: |registry| {
            let batch = [
                Request::Allocate(claim("web")),
                Request::GetOrAllocate(claim("web").dir("/some/checkout").unwrap()),
            ];
            let answers = registry.apply(&batch, Atomicity::AllOrNothing)?;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        },
    },
];

fn listed(registry: &Registry) -> Vec<Allocation> {
    let mut listed = registry.list(&Filter::default()).unwrap();
    // A row may be written again in another second.
    let epoch = crate::Timestamp::from_unix_seconds(0).unwrap();
    for allocation in &mut listed {
        allocation.created_at = epoch;
    }
    listed
}

/// Does a deed over and over, and lets it meet a fault at each change to the disk in turn: through a
/// handle that is open already, or a new one. What it answers is what is stored, the store is whole and
/// everything works afterwards. Gives how many faults were met.
fn meet_faults(deed: &Deed, fault: fn(u32) -> Fault, reopen: bool) -> u32 {
    let (before, after) = what_it_does(deed);
    for at in 0.. {
        let error = ERRORS[at as usize % ERRORS.len()];
        let folder = scratch();
        let path = folder.path().join("new").join("ports.redb");
        let mut registry = open(&path);
        (deed.prepare)(&registry);
        if reopen {
            drop(registry);
            registry = open(&path);
        }
        let (answer, is_met) = with_fault(fault(at), error, || {
            let answer = (deed.ask)(&registry);
            if reopen {
                // Closing the file meets the fault too, and is told to nobody.
                registry.close();
            }
            answer
        });
        let what = format!("{}, {:?}, error {error}: {answer:?}", deed.name, fault(at));

        registry.verify().expect(&what);
        let told = match answer {
            Ok(()) => Some(&after),
            Err(Error::Store { .. } | Error::NotWritable { .. }) => Some(&before),
            // Only where it could not be looked up either. It shows once the store can be written.
            Err(Error::OutcomeUnknown { .. }) if matches!(fault(at), Fault::From(_)) => None,
            Err(error) => panic!("{what}: {error}"),
        };
        if let Some(told) = told {
            assert_eq!(listed(&registry), *told, "{what}");
        }
        registry.try_write().expect(&what);
        let stored = listed(&registry);
        assert!(stored == before || stored == after, "{what}");
        assert!(told.is_none_or(|told| stored == *told), "{what}");
        if stored == before {
            (deed.ask)(&registry).expect(&what);
        }
        registry.allocate(claim("healed")).expect(&what);
        // What others see, and the next process.
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

/// What is stored before and after a deed.
fn what_it_does(deed: &Deed) -> (Vec<Allocation>, Vec<Allocation>) {
    let folder = scratch();
    let registry = open(&folder.path().join("ports.redb"));
    (deed.prepare)(&registry);
    let before = listed(&registry);
    (deed.ask)(&registry).unwrap();
    (before, listed(&registry))
}

fn meet_all_faults(fault: fn(u32) -> Fault, reopen: bool) {
    let faults: u32 = DEEDS
        .iter()
        .map(|deed| meet_faults(deed, fault, reopen))
        .sum();
    // Each deed changes the disk more than a few times.
    assert!(faults > 6 * 10, "{faults}");
}

#[test]
fn a_passing_fault_is_answered_truly_and_heals() {
    meet_all_faults(Fault::Once, false);
}

#[test]
fn a_lasting_fault_is_answered_truly_and_heals_when_it_ends() {
    meet_all_faults(Fault::From, false);
}

#[test]
fn a_passing_fault_in_a_new_process_is_answered_truly_and_heals() {
    meet_all_faults(Fault::Once, true);
}

#[test]
fn a_lasting_fault_in_a_new_process_is_answered_truly_and_heals_when_it_ends() {
    meet_all_faults(Fault::From, true);
}

#[test]
fn reads_that_go_on_while_a_write_fails_do_not_fail_with_it() {
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
                    assert_eq!(registry.list(&Filter::default()).unwrap().len(), 100);
                }
            });
        }
        let fails: Vec<_> = (0..30)
            .map(|calls| {
                let fail = || registry.allocate(claim("fails"));
                with_fault(Fault::Once(calls % 3), ERRORS[0], fail)
                    .0
                    .is_err()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(fails.into_iter().all(|fails| fails));
    });
}

#[test]
fn a_commit_whose_turn_came_late_does_not_fail_for_it() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let open = |wait| {
        Registry::builder()
            .path(&path)
            .probe(|_| Ok(Verdict::Free))
            .wait(wait)
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
                    reader.list(&Filter::default()).unwrap();
                }
            });
        }
        // Nobody else writes, so that there is nothing to wait for but locks held for an instant.
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
fn a_batch_that_takes_back_what_it_did_is_answered_truly_when_its_commit_fails() {
    let folder = scratch();
    let registry = open(&folder.path().join("ports.redb"));
    let mut next_id = registry.allocate(claim("first")).unwrap().id.get() + 1;
    let mut failures = 0;
    for calls in 0.. {
        let requests = [
            Request::Allocate(claim("brief")),
            Request::ReleaseMatching(Filter::default().service("brief")),
        ];
        let (answers, is_met) = with_fault(Fault::Once(calls), ERRORS[0], || {
            registry.apply(&requests, Atomicity::Each)
        });
        // An id that was told is not given again.
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
