//! The journal: when it is merged, and what it has when a merge is impossible.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::fixtures::{claim, open, scratch};
use crate::store::disk::witness::{self, DiskChange};
use crate::store::generation::{DatabaseFile, Generation};
use crate::store::snapshot::MAX_CHANGES;
use crate::{Atomicity, Filter, Request};

/// Returns the number of the last commit in the database.
fn merged(path: &Path) -> u64 {
    let database = DatabaseFile::open(path).unwrap().unwrap();
    Generation::of(database, path).unwrap().merged.sequence
}

#[test]
fn trial_writes_and_allocations_are_merged_after_so_many_commits() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let registry = open(&path);
    for number in 1..=3 * MAX_CHANGES {
        if number % 2 == 0 {
            registry.try_write().unwrap();
        } else {
            registry.allocate(claim(&format!("{number}"))).unwrap();
        }
        let expected = number - number % MAX_CHANGES;
        assert_eq!(merged(&path), expected as u64);
    }
    registry.verify().unwrap();
}

#[test]
fn a_batch_that_is_longer_than_the_journal_is_stored() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let registry = open(&path);
    let dir = "d".repeat(4000);
    let requests: Vec<_> = (0..200)
        .map(|number| {
            let claim = claim(&format!("{number}"));
            Request::Allocate(claim.with_dir(format!("/{dir}")).unwrap())
        })
        .collect();
    let answers = registry.apply(&requests, Atomicity::AllOrNothing).unwrap();
    assert!(answers.iter().all(Result::is_ok));
    for registry in [&registry, &open(&path)] {
        assert_eq!(registry.list(&Filter::new()).unwrap().len(), 200);
        registry.verify().unwrap();
    }
}

#[test]
fn commits_go_on_while_merges_fail_and_are_merged_later() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let registry = open(&path);
    registry.allocate(claim("first")).unwrap();
    let no_drafts = |change: &DiskChange<'_>| match change {
        DiskChange::Create => Err(io::Error::from(io::ErrorKind::StorageFull)),
        _ => Ok(()),
    };
    let many = 5 * MAX_CHANGES;
    witness::during(no_drafts, || {
        for number in 0..many {
            registry.allocate(claim(&format!("{number}"))).unwrap();
        }
    });
    assert_eq!(merged(&path), 0);
    assert_eq!(open(&path).list(&Filter::new()).unwrap().len(), 1 + many);
    registry.allocate(claim("last")).unwrap();
    assert_eq!(merged(&path), 2 + many as u64);
    registry.verify().unwrap();
}

#[test]
fn threads_that_read_and_write_at_once_lose_nothing() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    // The other one merges too, so that the threads of the first one open the files at the same time.
    let registries = [open(&path), open(&path)];
    let registry = &registries[0];
    let is_over = AtomicBool::new(false);
    let mut allocated = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    registry.list(&Filter::new()).unwrap();
                }
            });
        }
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let registry = &registries[writer % 2];
                scope.spawn(move || {
                    let claims = (0..60).map(|number| claim(&format!("{writer}-{number}")));
                    let allocated = claims.map(|claim| registry.allocate(claim).unwrap());
                    allocated.collect::<Vec<_>>()
                })
            })
            .collect();
        let allocated = writers.into_iter().flat_map(|it| it.join().unwrap());
        let allocated: Vec<_> = allocated.collect();
        is_over.store(true, Ordering::Relaxed);
        allocated
    });
    allocated.sort_by_key(|it| it.id);
    for registry in [registry, &open(&path)] {
        assert_eq!(registry.list(&Filter::new()).unwrap(), allocated);
        registry.verify().unwrap();
    }
}
