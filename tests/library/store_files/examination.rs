//! Examination of a store without changes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use port_registry::{Error, Filter, Inspection, Registry};

use super::fixture::{claim, fill, neighbours, open, open_database, set_meta};

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
    // A copy of an open store is like the file of a killed process.
    let copy = folder.path().join("copy").join("ports.redb");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::copy(&path, &copy).unwrap();
    let content = fs::read(&copy).unwrap();
    let expected: Vec<_> = allocations.into_iter().chain([web]).collect();
    for path in [&path, &copy] {
        let found = examine(path).unwrap();
        assert_eq!(found.format_version, Some(3));
        assert_eq!(found.allocations, expected);
        assert!(found.obstacle.is_none(), "{found:?}");
    }
    assert!(fs::read(&copy).unwrap() == content, "the file was repaired");
    assert_eq!(neighbours(&copy), ["ports.redb"]);
    // Opening the registry repairs the store.
    assert_eq!(open(&copy).unwrap().list(&Filter::new()).unwrap(), expected);
    assert!(fs::read(&copy).unwrap() != content);
}

#[test]
fn examination_reports_obstacles_to_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let allocations = fill(&open(&path).unwrap());
    let database = open_database(&path);
    let txn = database.begin_write().unwrap();
    let found = examine(&path).unwrap();
    assert_eq!(found.allocations, allocations);
    assert!(
        matches!(found.obstacle, Some(Error::Busy { .. })),
        "{found:?}"
    );
    txn.abort().unwrap();
    assert!(examine(&path).unwrap().obstacle.is_none());
    drop(database);
    set_meta(&path, "next_id", 1);
    let error = examine(&path).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    set_meta(&path, "format_version", 7);
    let error = examine(&path).unwrap_err();
    assert!(
        matches!(error, Error::UnknownFormat { found: 7, .. }),
        "{error:?}"
    );
}
