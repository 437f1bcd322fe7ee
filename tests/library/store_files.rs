//! The store's files: their modes, and what stands in their place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use port_registry::{
    Allocation, Answer, Atomicity, Claim, Error, Filter, Inspection, Registry, Request, ServiceKey,
    Verdict,
};
use redb::{ConcurrencyMode, Database, TableDefinition};
use tempfile::TempDir;
use test_support::is_to_be_had;

fn open(path: impl Into<PathBuf>) -> Result<Registry, Error> {
    let all_free = |_| Ok(Verdict::Free);
    Registry::builder()
        .with_path(path)
        .with_probe(all_free)
        .open()
}

fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("app", "main", service).unwrap())
}

/// A folder with a file in it that is not a registry.
fn folder_with(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.db");
    fs::write(&path, content).unwrap();
    (folder, path)
}

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// Number of the change; id, whether it is held, and its row.
#[expect(clippy::type_complexity, reason = "as it is stored")]
const RECENT: TableDefinition<u64, (u64, bool, (&str, &str, &str, u16, u64, &str))> =
    TableDefinition::new("recent");

/// Opens the store's file as the registry does.
fn open_database(store: &Path) -> Database {
    Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(store)
        .unwrap()
}

/// Changes a number that the registry keeps of itself.
fn set_meta(store: &Path, name: &str, number: u64) {
    let database = open_database(store);
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(name, number).unwrap();
    txn.commit().unwrap();
}

/// Allocates more than are kept apart from the tables as the latest changes.
fn fill(registry: &Registry) -> Vec<Allocation> {
    let claims = (0..300).map(|number| Request::Allocate(claim(&format!("service-{number}"))));
    let claims: Vec<_> = claims.collect();
    let answers = registry.apply(&claims, Atomicity::AllOrNothing).unwrap();
    let allocations = answers.into_iter().map(|answer| match answer {
        Ok(Answer::Allocated(allocation)) => allocation,
        other => panic!("{other:?}"),
    });
    allocations.collect()
}

/// A database of another program that uses the same engine.
fn other_database(path: &Path) -> Database {
    let database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .create(path)
        .unwrap();
    let txn = database.begin_write().unwrap();
    let table: TableDefinition<&str, &str> = TableDefinition::new("settings");
    txn.open_table(table).unwrap().insert("a", "b").unwrap();
    txn.commit().unwrap();
    database
}

/// The names of what is in the folder of a file.
fn neighbours(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn looking_at_a_registry_that_is_not_there_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let registry = open(&path).unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    assert!(registry.check("3000".parse().unwrap()).unwrap().available);
    registry.verify().unwrap();
    assert!(!folder.path().join("new").exists());
    // The first allocation does.
    registry.allocate(claim("web")).unwrap();
    assert_eq!(neighbours(&path), ["ports.redb", "ports.redb.lock"]);
}

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

#[cfg(unix)]
#[test]
fn the_folder_and_the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("ports.redb.lock")), 0o600);
}

#[test]
fn an_empty_file_is_no_store_yet() {
    let (_folder, path) = folder_with(b"");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    drop(registry);
    assert_eq!(open(&path).unwrap().list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn an_sqlite_file_is_told_as_such_and_left_alone() {
    let content = [b"SQLite format 3\0".as_slice(), &[7; 4080]].concat();
    let (_folder, path) = folder_with(&content);
    let error = open(&path).unwrap_err();
    assert!(matches!(&error, Error::SqliteFile { path: it, .. } if *it == path));
    let message = error.to_string();
    for part in [
        "SQLite",
        "sqlite3 -json",
        "GET /v1/allocations",
        "portctl import",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(fs::read(&path).unwrap(), content);
    assert_eq!(neighbours(&path), ["ports.db"]);
}

#[test]
fn an_sqlite_file_and_what_it_has_not_merged_yet_are_left_alone() {
    // The writer ends without merging its log into the file, as one that is killed does.
    const WRITER: &str = "import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('PRAGMA wal_autocheckpoint=0')
db.execute('CREATE TABLE allocations (id INTEGER PRIMARY KEY, port INTEGER)')
db.execute('INSERT INTO allocations (port) VALUES (3000)')
os._exit(0)";
    const READER: &str = "import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('SELECT port FROM allocations').fetchall())";
    let python = |program: &str, path: &Path| {
        let mut command = Command::new("python3");
        command.args(["-c", program]).arg(path);
        command
    };
    if !is_to_be_had(
        "python3 with sqlite3",
        Command::new("python3").args(["-c", "import sqlite3"]),
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.db");
    assert!(python(WRITER, &path).status().unwrap().success());
    let contents = || {
        neighbours(&path).into_iter().map(|name| {
            let content = fs::read(folder.path().join(&name)).unwrap();
            (name, content)
        })
    };
    let before: Vec<_> = contents().collect();
    assert_eq!(
        neighbours(&path),
        ["ports.db", "ports.db-shm", "ports.db-wal"]
    );
    for _ in 0..2 {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, Error::SqliteFile { .. }), "{error:?}");
        let error = open(folder.path().join("ports.db-wal")).unwrap_err();
        assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    }
    assert!(contents().eq(before));
    let read = python(READER, &path).output().unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), "[(3000,)]\n");
}

#[test]
fn other_files_are_left_alone() {
    for content in [b"#!/bin/sh\n".as_slice(), b"x", b"redb", &[0; 8192]] {
        let (_folder, path) = folder_with(content);
        let error = open(&path).unwrap_err();
        assert!(matches!(&error, Error::ForeignFile { path: it, .. } if *it == path));
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(neighbours(&path), ["ports.db"]);
    }
}

#[test]
fn a_folder_in_place_of_the_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_opened_let_alone_replaced() {
    let error = open("/dev/null").unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.redb");
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let table: TableDefinition<&str, &str> = TableDefinition::new("settings");
    txn.open_table(table).unwrap().insert("a", "b").unwrap();
    txn.commit().unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_takes_the_place_of_an_open_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let other = folder.path().join("other.redb");
    drop(other_database(&other));
    let content = fs::read(&other).unwrap();
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    fs::rename(&other, &path).unwrap();
    for result in [
        registry.try_write(),
        registry.allocate(claim("api")).map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    }
    drop(registry);
    assert!(fs::read(&path).unwrap() == content);
}

#[test]
fn a_database_that_another_program_left_unclean_is_left_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.redb");
    let database = other_database(&path);
    let unclean = fs::read(&path).unwrap();
    drop(database);
    fs::write(&path, &unclean).unwrap();
    for _ in 0..2 {
        let error = open(&path)
            .and_then(|registry| registry.allocate(claim("web")))
            .unwrap_err();
        assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    }
    assert!(fs::read(&path).unwrap() == unclean);
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_socket_in_place_of_the_file_are_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [pipe, socket] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    }
}

#[test]
fn a_format_of_the_future_is_told_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();

    set_meta(&path, "format_version", 77);

    let is_told = |error: &Error| {
        matches!(
            error,
            Error::UnknownFormat {
                found: 77,
                supported: 2,
                ..
            }
        )
    };
    let error = open(&path).unwrap_err();
    assert!(is_told(&error), "{error:?}");
    let message = error.to_string();
    assert!(
        message.contains("77") && message.contains("version 2"),
        "{message}"
    );
    // One that had the file open when it changed does not write to it either.
    let error = registry.allocate(claim("api")).unwrap_err();
    assert!(is_told(&error), "{error:?}");
}

#[test]
fn a_store_that_is_removed_or_replaced_is_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    registry.allocate(claim("api")).unwrap();
    // What was allocated last is in the file that everybody else sees.
    let others = open(&path).unwrap();
    let services = |registry: &Registry| -> Vec<String> {
        let listed = registry.list(&Filter::new()).unwrap();
        listed
            .iter()
            .map(|it| it.key.service().to_owned())
            .collect()
    };
    assert_eq!(services(&others), ["api"]);

    let replacement = folder.path().join("replacement.redb");
    open(&replacement).unwrap().allocate(claim("db")).unwrap();
    fs::rename(&replacement, &path).unwrap();
    assert_eq!(services(&registry), ["db"]);
    assert_eq!(services(&others), ["db"]);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder_path = folder.path().canonicalize().unwrap();
    let (link, target) = (
        folder_path.join("link.redb"),
        folder_path.join("target.redb"),
    );
    std::os::unix::fs::symlink("second-link.redb", &link).unwrap();
    std::os::unix::fs::symlink("target.redb", folder_path.join("second-link.redb")).unwrap();
    let registry = open(&link).unwrap();
    assert_eq!(registry.path(), target);
    registry.allocate(claim("web")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        open(&target).unwrap().list(&Filter::new()).unwrap().len(),
        1
    );
}

#[test]
fn a_creator_that_was_killed_is_cleaned_up_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    fs::write(
        folder.path().join("ports.redb.draft-of-port-registry"),
        b"half a file",
    )
    .unwrap();
    open(&path).unwrap().allocate(claim("web")).unwrap();
    assert_eq!(neighbours(&path), ["ports.redb", "ports.redb.lock"]);
}

#[cfg(unix)]
#[test]
fn where_nothing_may_be_written_looking_works_and_allocating_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(&path, 0o400);
    set_mode(folder.path(), 0o500);
    let may_write_anyway = fs::File::create(folder.path().join("test")).is_ok();
    let registry = open(&path).unwrap();
    let listed = registry.list(&Filter::new()).unwrap();
    let allocated = registry.allocate(claim("api"));
    let elsewhere = open(folder.path().join("sub/ports.redb")).unwrap();
    let created = elsewhere.allocate(claim("api"));
    set_mode(folder.path(), 0o700);

    assert_eq!(listed.len(), 1);
    // Nothing is forbidden to root.
    if !may_write_anyway {
        for result in [allocated, created] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::NotWritable { .. }), "{error:?}");
            assert!(error.to_string().contains("PORT_REGISTRY_DB"), "{error}");
        }
    }
}

#[test]
fn what_needs_no_write_creates_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let registry = open(&path).unwrap();
    assert_eq!(registry.apply(&[], Atomicity::Each).unwrap().len(), 0);
    let id = "1".parse().unwrap();
    let error = registry.release(id).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    let filter = Filter::new().with_app("app");
    assert_eq!(registry.release_matching(filter).unwrap(), []);
    assert!(!folder.path().join("new").exists());
}

#[test]
fn ids_that_are_used_up_or_missing_are_damage_and_no_panic() {
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
fn latest_changes_that_do_not_fit_the_rest_are_damage() {
    type Row<'a> = (&'a str, &'a str, &'a str, u16, u64, &'a str);
    let row = |service, port| ("app", "main", service, port, 0, "");
    // Number, id, whether it is held, row.
    let changes: [(u64, u64, bool, Row); 6] = [
        (302, 301, true, row("web", 5000)),
        (301, 0, true, row("web", 5000)),
        (301, 301, true, row("", 5000)),
        (301, 301, true, row("web", 3000)),
        (301, 301, true, row("service-1", 5000)),
        (301, 7, true, row("web", 5000)),
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

#[test]
fn a_database_that_another_program_does_not_share_can_be_looked_at_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let exclusive = Database::open(&path).unwrap();
    let wait = Duration::from_millis(50);
    let registry = Registry::builder()
        .with_path(&path)
        .with_wait(wait)
        .open()
        .unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    let error = registry.allocate(claim("api")).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    drop(exclusive);
    registry.allocate(claim("api")).unwrap();
}

#[test]
fn two_registries_of_one_process_share_a_file_and_its_threads_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let (one, other) = (open(&path).unwrap(), open(&path).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let registry = if thread % 2 == 0 { &one } else { &other };
            scope.spawn(move || {
                for number in 0..10 {
                    registry
                        .allocate(claim(&format!("{thread}-{number}")))
                        .unwrap();
                }
            });
        }
    });
    let listed = one.list(&Filter::new()).unwrap();
    assert_eq!(listed.len(), 40);
    assert_eq!(other.list(&Filter::new()).unwrap(), listed);
    one.verify().unwrap();
}
