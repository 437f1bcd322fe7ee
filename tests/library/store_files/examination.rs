//! Stores that are examined.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use port_registry::{Error, Filter, Inspection, Registry};

use super::fixture::{claim, fill, neighbours, open, open_database, set_meta};

/// Looks at a store as it is.
fn examine(path: impl Into<PathBuf>) -> Result<Inspection, Error> {
    let wait = Duration::from_millis(50);
    Registry::builder()
        .with_path(path)
        .with_wait(wait)
        .inspect()
}

#[test]
fn a_store_is_examined_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let found = examine(&path).unwrap();
    assert_eq!((found.format_version, found.allocations), (None, vec![]));
    assert!(!folder.path().join("new").exists());

    let registry = open(&path).unwrap();
    let allocations = fill(&registry);
    let web = registry.allocate(claim("web")).unwrap();
    // A copy of what is open is what a process that is killed leaves.
    let copy = folder.path().join("copy").join("ports.redb");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::copy(&path, &copy).unwrap();
    let content = fs::read(&copy).unwrap();
    let expected: Vec<_> = allocations.into_iter().chain([web]).collect();
    for path in [&path, &copy] {
        let found = examine(path).unwrap();
        assert_eq!(found.format_version, Some(2));
        assert_eq!(found.allocations, expected);
        assert!(found.obstacle.is_none(), "{found:?}");
    }
    assert!(fs::read(&copy).unwrap() == content, "it was mended");
    assert_eq!(neighbours(&copy), ["ports.redb"]);
    // Others who come to read it do mend it.
    assert_eq!(open(&copy).unwrap().list(&Filter::new()).unwrap(), expected);
    assert!(fs::read(&copy).unwrap() != content);
}

#[test]
fn a_store_is_examined_down_to_what_is_in_the_way_of_a_change() {
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
