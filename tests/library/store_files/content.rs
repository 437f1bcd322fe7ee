//! Unsupported formats and inconsistent tables.

use port_registry::Error;

use super::fixture::{RECENT, Row, claim, fill, open, open_database, set_meta};

#[test]
fn error_for_a_newer_format_names_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();

    set_meta(&path, "format_version", 77);

    let names_both = |error: &Error| {
        matches!(
            error,
            Error::UnknownFormat {
                found: 77,
                supported: 3,
                ..
            }
        )
    };
    let error = open(&path).unwrap_err();
    assert!(names_both(&error), "{error:?}");
    let message = error.to_string();
    assert!(
        message.contains("77") && message.contains("version 3"),
        "{message}"
    );
    // A registry that had the file open before the change must not write to it, either.
    let error = registry.allocate(claim("api")).unwrap_err();
    assert!(names_both(&error), "{error:?}");
}

#[test]
fn used_up_or_wrong_next_id_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    fill(&open(&path).unwrap());
    for next_id in [u64::MAX, 1, 0] {
        set_meta(&path, "next_id", next_id);
        let registry = open(&path).unwrap();
        let result = match next_id {
            u64::MAX => registry.allocate(claim("api")).map(drop),
            _ => registry.verify(),
        };
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn recent_changes_that_contradict_the_tables_are_damage() {
    let row = |service, port, origin| ("app", "main", service, port, 0, "", origin, "", "");
    // Number of the change, id, true if the port is held, row.
    let changes: [(u64, u64, bool, Row); 7] = [
        (302, 301, true, row("web", 5000, "api")),
        (301, 0, true, row("web", 5000, "api")),
        (301, 301, true, row("", 5000, "api")),
        (301, 301, true, row("web", 3000, "api")),
        (301, 301, true, row("service-1", 5000, "api")),
        (301, 301, true, row("web", 5000, "guess")),
        (301, 7, true, row("web", 5000, "api")),
    ];
    for (number, id, is_held, row) in changes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ports.redb");
        fill(&open(&path).unwrap());
        let database = open_database(&path);
        let txn = database.begin_write().unwrap();
        let change = (id, is_held, row);
        txn.open_table(RECENT)
            .unwrap()
            .insert(number, change)
            .unwrap();
        txn.commit().unwrap();
        drop(database);
        let verified = open(&path).and_then(|registry| registry.verify());
        assert!(
            matches!(verified, Err(Error::Damaged { .. })),
            "{number} {change:?}: {verified:?}"
        );
    }
}
