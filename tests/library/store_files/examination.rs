//! Examination of a store without changes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use port_registry::{Error, Filter, Inspection, Registry};

use super::fixture::{claim, fill, journal_of, neighbours, open, set_meta};

/// Examines a store without changing it.
fn examine(path: impl Into<PathBuf>) -> Result<Inspection, Error> {
    let wait = Duration::from_millis(50);
    Registry::builder()
        .with_path(path)
        .with_wait(wait)
        .inspect()
}

#[test]
fn examination_does_not_change_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let found = examine(&path).unwrap();
    assert_eq!((found.format_version, found.allocations), (None, vec![]));
    assert!(!folder.path().join("new").exists());

    let registry = open(&path).unwrap();
    let allocations = fill(&registry);
    let web = registry.allocate(claim("web")).unwrap();
    let copy = folder.path().join("copy").join("ports.redb");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::copy(&path, &copy).unwrap();
    fs::copy(journal_of(&path), journal_of(&copy)).unwrap();
    let contents = || [&copy, &journal_of(&copy)].map(|path| fs::read(path).unwrap());
    let before = contents();
    let expected: Vec<_> = allocations.into_iter().chain([web]).collect();
    for path in [&path, &copy] {
        let found = examine(path).unwrap();
        assert_eq!(found.format_version, Some(4));
        assert_eq!(found.allocations, expected);
        assert!(found.obstacle.is_none(), "{found:?}");
        assert_eq!(open(path).unwrap().list(&Filter::new()).unwrap(), expected);
    }
    assert!(contents() == before, "a file was changed");
    assert_eq!(neighbours(&copy), ["ports.redb", "ports.redb.journal"]);
}

#[test]
fn examination_reports_obstacles_to_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let allocations = fill(&open(&path).unwrap());
    let writer = test_support::locks::lock_queue(&path);
    let found = examine(&path).unwrap();
    assert_eq!(found.allocations, allocations);
    assert!(
        matches!(found.obstacle, Some(Error::Busy { .. })),
        "{found:?}"
    );
    drop(writer);
    assert!(examine(&path).unwrap().obstacle.is_none());
    set_meta(&path, "next_id", 1);
    let error = examine(&path).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    set_meta(&path, "format_version", 7);
    set_meta(&path, "min_reader", 7);
    let error = examine(&path).unwrap_err();
    assert!(
        matches!(error, Error::UnknownFormat { found: 7, .. }),
        "{error:?}"
    );
}
