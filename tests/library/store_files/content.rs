//! Unsupported formats and inconsistent tables.

use port_registry::Error;

use super::fixture::{META, PORTS, change_database, claim, fill, open, set_meta};

#[test]
fn error_for_a_newer_format_names_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();

    // A newer format that this program can read.
    set_meta(&path, "format_version", 77);
    assert!(
        open(&path)
            .unwrap()
            .get_by_key(&claim("web").key().clone())
            .unwrap()
            .is_some()
    );
    set_meta(&path, "min_reader", 77);

    let names_both = |error: &Error| {
        matches!(
            error,
            Error::UnknownFormat {
                found: 77,
                supported: 4,
                ..
            }
        )
    };
    let error = open(&path).unwrap_err();
    assert!(names_both(&error), "{error:?}");
    let message = error.to_string();
    assert!(
        message.contains("77") && message.contains("version 4"),
        "{message}"
    );
    // A registry that had the file open before the change must not write to it, either.
    let error = registry.allocate(claim("api")).unwrap_err();
    assert!(names_both(&error), "{error:?}");
}

#[test]
fn wrong_next_id_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    fill(&open(&path).unwrap());
    for next_id in [u64::MAX, 1, 0] {
        set_meta(&path, "next_id", next_id);
        // The journal says another one.
        let error = open(&path).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn a_newer_format_that_may_only_be_read_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    fill(&open(&path).unwrap());
    set_meta(&path, "min_writer", 77);
    let registry = open(&path).unwrap();
    registry.verify().unwrap();
    let error = registry.allocate(claim("web")).unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { .. }), "{error:?}");
}

#[test]
fn a_database_that_contradicts_the_journal_is_damage() {
    let tables: [fn(&redb::WriteTransaction, u16); 2] = [
        |txn, port| {
            let mut ports = txn.open_table(PORTS).unwrap();
            ports.insert(port, 7).unwrap();
        },
        |txn, _| {
            let mut meta = txn.open_table(META).unwrap();
            meta.insert("next_id", 400).unwrap();
        },
    ];
    for change in tables {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ports.redb");
        let registry = open(&path).unwrap();
        fill(&registry);
        let web = registry.allocate(claim("web")).unwrap();
        change_database(&path, |txn| change(txn, web.port.get()));
        let verified = open(&path).and_then(|registry| registry.verify());
        assert!(
            matches!(verified, Err(Error::Damaged { .. })),
            "{verified:?}"
        );
    }
}
