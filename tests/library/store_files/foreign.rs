//! Foreign files in place of the store.

use std::fs;
use std::path::Path;
use std::process::Command;

use port_registry::{Error, Filter};
use redb::{Database, TableDefinition};
use test_support::is_available;

use super::fixture::{claim, folder_with, neighbours, open, other_database};

#[test]
fn empty_file_becomes_a_store() {
    let (_folder, path) = folder_with(b"");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    drop(registry);
    assert_eq!(open(&path).unwrap().list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn sqlite_file_is_reported_and_not_changed() {
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
fn sqlite_file_with_an_unmerged_log_is_not_changed() {
    // The writer ends without merging its log into the file, like a killed process.
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
    if !is_available(
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
fn foreign_files_are_not_changed() {
    for content in [b"#!/bin/sh\n".as_slice(), b"x", b"redb", &[0; 8192]] {
        let (_folder, path) = folder_with(content);
        let error = open(&path).unwrap_err();
        assert!(matches!(&error, Error::ForeignFile { path: it, .. } if *it == path));
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(neighbours(&path), ["ports.db"]);
    }
}

#[test]
fn folder_in_place_of_the_store_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn device_is_neither_opened_nor_replaced() {
    let error = open("/dev/null").unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error:?}");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn database_of_another_program_is_not_changed() {
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
fn foreign_file_that_replaces_an_open_store_is_not_changed() {
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
        // The journal beside it is not its own.
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    }
    drop(registry);
    assert!(fs::read(&path).unwrap() == content);
}

#[test]
fn unclean_database_of_another_program_is_not_repaired() {
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
fn pipe_and_socket_in_place_of_the_store_are_reported_without_waiting() {
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
