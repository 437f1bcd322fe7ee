//! The store under faults of the disk and of its locks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::backend::faults::{self, Fault};
use crate::{Atomicity, Claim, Error, Filter, Registry, Request, ServiceKey, Verdict};

fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
}

fn open(folder: &TempDir) -> Registry {
    Registry::builder()
        .path(folder.path().join("ports.redb"))
        .probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap()
}

/// Meets a fault at each write, sync and truncation in turn, of an allocation by a handle that
/// is open already or by a new one. What the answer says is what is stored, and afterwards
/// everything works.
fn meet_faults(fault: impl Fn(u32) -> Fault, reopen: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = open(&folder);
    let mut failures = 0;
    for calls in 0.. {
        if reopen {
            registry = open(&folder);
        }
        let service = format!("service-{calls}");
        faults::plan(Some(fault(calls)));
        let answer = registry.allocate(claim(&service));
        let went_by = faults::plan(None);

        registry.verify().unwrap();
        let stored = registry.list(&Filter::default().service(&service)).unwrap();
        match answer {
            Ok(allocation) => assert_eq!(stored, [allocation], "after {calls} calls"),
            Err(Error::Store { .. }) => {
                assert_eq!(stored, [], "after {calls} calls");
                failures += 1;
            }
            // Only where it could not be looked up either.
            Err(Error::OutcomeUnknown { .. }) => {
                assert!(matches!(fault(calls), Fault::From(_)));
            }
            Err(error) => panic!("{error:?} after {calls} calls"),
        }
        registry
            .allocate(claim(&format!("{service}-healed")))
            .unwrap();
        if went_by {
            break;
        }
    }
    assert!(failures > 0);
}

#[test]
fn a_passing_fault_is_answered_truly_and_heals() {
    meet_faults(Fault::Once, false);
}

#[test]
fn a_lasting_fault_is_answered_truly_and_heals_when_it_ends() {
    meet_faults(Fault::From, false);
}

#[test]
fn a_fault_while_opening_is_answered_truly_and_heals() {
    meet_faults(Fault::Once, true);
    meet_faults(Fault::From, true);
}

#[test]
fn reads_that_go_on_while_a_write_fails_do_not_fail_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder);
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
                faults::plan(Some(Fault::Once(calls % 3)));
                let answer = registry.allocate(claim("fails"));
                faults::plan(None);
                answer.is_err()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(fails.into_iter().all(|fails| fails));
    });
}

#[test]
fn a_commit_whose_turn_came_late_does_not_fail_for_it() {
    let folder = tempfile::tempdir().unwrap();
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
fn a_batch_that_writes_a_row_twice_is_answered_truly_when_its_commit_fails() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder);
    for calls in 0.. {
        let service = format!("service-{calls}");
        let requests = [
            Request::Allocate(claim(&service)),
            Request::GetOrAllocate(claim(&service).dir("/some/checkout")),
        ];
        faults::plan(Some(Fault::Once(calls)));
        let answers = registry.apply(&requests, Atomicity::AllOrNothing);
        let went_by = faults::plan(None);
        let stored = registry.list(&Filter::default().service(&service)).unwrap();
        assert_eq!(answers.is_ok(), stored.len() == 1, "after {calls} calls");
        if went_by {
            break;
        }
    }
}

#[test]
fn a_batch_that_takes_back_what_it_did_is_answered_truly_when_its_commit_fails() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder);
    let mut next_id = registry.allocate(claim("first")).unwrap().id.get() + 1;
    let mut failures = 0;
    for calls in 0.. {
        let requests = [
            Request::Allocate(claim("brief")),
            Request::ReleaseMatching(Filter::default().service("brief")),
        ];
        faults::plan(Some(Fault::Once(calls)));
        let answers = registry.apply(&requests, Atomicity::Each);
        let went_by = faults::plan(None);
        // An id that was told is not given again.
        match answers {
            Ok(_) => next_id += 1,
            Err(_) => failures += 1,
        }
        let after = registry.allocate(claim(&format!("after-{calls}"))).unwrap();
        assert_eq!(after.id.get(), next_id, "after {calls} calls");
        next_id += 1;
        if went_by {
            break;
        }
    }
    assert!(failures > 0);
}
