//! Files that are removed, restored or replaced by others while the store is in use: all of them, or one alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::fixtures::{claim, open, scratch, try_open};
use crate::store::snapshot::MAX_CHANGES;
use crate::system::files::beside;
use crate::{Error, Filter, Registry};

fn services(registry: &Registry) -> Result<Vec<String>, Error> {
    let listed = registry.list(&Filter::new())?;
    let services = listed.iter().map(|it| it.key.service().to_owned());
    Ok(services.collect())
}

fn allocate(registry: &Registry, services: &[&str]) {
    for service in services {
        registry.allocate(claim(service)).unwrap();
    }
}

/// A way to put a file into the place of another one.
#[derive(Clone, Copy, Debug)]
enum Replacing {
    /// The content is replaced, as `cp` does. The file stays the same.
    Copying,
    /// The name is replaced, as `mv` and backup programs do.
    Moving,
}

impl Replacing {
    fn replace(self, from: &Path, to: &Path) {
        match self {
            Replacing::Copying => fs::write(to, fs::read(from).unwrap()).unwrap(),
            Replacing::Moving => {
                let draft = beside(to, ".moving");
                fs::copy(from, &draft).unwrap();
                fs::rename(draft, to).unwrap();
            }
        }
    }
}

const WAYS: [Replacing; 2] = [Replacing::Copying, Replacing::Moving];

fn journal_of(path: &Path) -> PathBuf {
    beside(path, ".journal")
}

fn lock_of(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

/// Replaces the database and the journal.
fn replace_both(way: Replacing, from: &Path, to: &Path) {
    way.replace(&journal_of(from), &journal_of(to));
    way.replace(from, to);
}

/// Copies the database and the journal to a path where there are none.
fn back_up(from: &Path, to: PathBuf) -> PathBuf {
    fs::copy(from, &to).unwrap();
    fs::copy(journal_of(from), journal_of(&to)).unwrap();
    to
}

/// Makes a store with these services, each allocated by a commit of its own.
fn store_with(path: PathBuf, services: &[&str]) -> PathBuf {
    allocate(&open(&path), services);
    path
}

/// Asserts that a registry, and one that is opened now, have these services and keep further ones.
#[track_caller]
fn assert_serves(registry: &Registry, expected: &[&str]) {
    assert_eq!(services(registry).unwrap(), expected);
    let new = format!("new-{}", expected.len());
    allocate(registry, &[&new]);
    let expected = [expected, &[&new]].concat();
    for registry in [registry, &open(registry.path())] {
        assert_eq!(services(registry).unwrap(), expected);
        registry.verify().unwrap();
    }
}

#[track_caller]
fn assert_refused(path: &Path, registry: &Registry) {
    for result in [
        registry.list(&Filter::new()).map(drop),
        registry.allocate(claim("refused")).map(drop),
        try_open(path).map(drop),
    ] {
        assert!(matches!(result, Err(Error::Damaged { .. })), "{result:?}");
    }
}

#[test]
fn another_store_that_replaces_both_files_is_read_anew_and_not_overwritten() {
    for way in WAYS {
        for more in [&[][..], &["2", "3", "4", "5"]] {
            let folder = scratch();
            let path = store_with(folder.path().join("ports.redb"), &["one", "two"]);
            let other = store_with(folder.path().join("other.redb"), &["one", "other"]);
            let registry = open(&path);
            allocate(&registry, more);
            assert_eq!(services(&registry).unwrap().len(), 2 + more.len());
            replace_both(way, &other, &path);
            assert_serves(&registry, &["one", "other"]);
        }
    }
}

#[test]
fn a_backup_of_both_files_is_restored_under_running_programs() {
    for way in WAYS {
        // So many commits that none, some and all of them are merged.
        for later in 0..=2 * MAX_CHANGES {
            let folder = scratch();
            let path = store_with(folder.path().join("ports.redb"), &["one"]);
            let backup = back_up(&path, folder.path().join("backup.redb"));
            let registry = open(&path);
            let later: Vec<String> = (0..later).map(|number| format!("x{number}")).collect();
            allocate(
                &registry,
                &later.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            assert_eq!(services(&registry).unwrap().len(), 1 + later.len());
            replace_both(way, &backup, &path);
            assert_serves(&registry, &["one"]);
        }
    }
}

#[test]
fn a_restored_backup_with_as_many_commits_since_is_read_anew() {
    for way in WAYS {
        let folder = scratch();
        let path = store_with(folder.path().join("ports.redb"), &["one"]);
        let backup = back_up(&path, folder.path().join("backup.redb"));
        let registry = open(&path);
        allocate(&registry, &["two"]);
        assert_eq!(services(&registry).unwrap(), ["one", "two"]);
        replace_both(way, &backup, &path);
        allocate(&open(&path), &["other"]);
        assert_serves(&registry, &["one", "other"]);
    }
}

#[test]
fn an_older_journal_alone_is_refused_and_the_newer_one_heals_it() {
    for way in WAYS {
        let folder = scratch();
        let path = store_with(folder.path().join("ports.redb"), &["one"]);
        let registry = open(&path);
        let older = back_up(&path, folder.path().join("older.redb"));
        allocate(&registry, &["two"]);
        let newer = back_up(&path, folder.path().join("newer.redb"));
        way.replace(&journal_of(&older), &journal_of(&path));
        assert_refused(&path, &registry);
        way.replace(&journal_of(&newer), &journal_of(&path));
        assert_serves(&registry, &["one", "two"]);
    }
}

#[test]
fn an_older_journal_alone_is_accepted_without_the_mark() {
    let folder = scratch();
    let path = store_with(folder.path().join("ports.redb"), &["one"]);
    let older = back_up(&path, folder.path().join("older.redb"));
    allocate(&open(&path), &["two"]);
    Replacing::Copying.replace(&journal_of(&older), &journal_of(&path));
    fs::remove_file(lock_of(&path)).unwrap();
    assert_serves(&open(&path), &["one"]);
}

#[test]
fn an_older_database_alone_is_refused_after_a_merge_and_served_before() {
    for way in WAYS {
        let folder = scratch();
        let path = store_with(folder.path().join("ports.redb"), &["one"]);
        let registry = open(&path);
        let older = back_up(&path, folder.path().join("older.redb"));
        allocate(&registry, &["two"]);
        way.replace(&older, &path);
        assert_serves(&registry, &["one", "two"]);
        allocate(&registry, &["merged"]);
        let newer = back_up(&path, folder.path().join("newer.redb"));
        way.replace(&older, &path);
        assert_refused(&path, &registry);
        way.replace(&newer, &path);
        assert_serves(&registry, &["one", "two", "new-2", "merged"]);
    }
}

#[test]
fn the_files_of_two_stores_are_refused_together() {
    for way in WAYS {
        let folder = scratch();
        let path = store_with(folder.path().join("ports.redb"), &["one"]);
        let other = store_with(folder.path().join("other.redb"), &["two"]);
        let registry = open(&path);
        way.replace(&other, &path);
        assert_refused(&path, &registry);
    }
}

#[test]
fn a_database_without_its_journal_is_read_but_not_changed() {
    let folder = scratch();
    let services_of_some = ["one", "two", "three", "four"];
    let path = store_with(folder.path().join("ports.redb"), &services_of_some);
    let registry = open(&path);
    fs::remove_file(journal_of(&path)).unwrap();
    for registry in [&registry, &open(&path)] {
        // The others were in the journal.
        assert_eq!(services(registry).unwrap(), services_of_some[..MAX_CHANGES]);
        let refused = registry.allocate(claim("new")).unwrap_err();
        assert!(matches!(refused, Error::JournalMissing { .. }), "{refused}");
        assert!(!journal_of(&path).exists());
    }
}

#[test]
fn a_journal_without_its_database_is_refused_and_both_removed_start_anew() {
    let folder = scratch();
    let path = store_with(folder.path().join("ports.redb"), &["one"]);
    let registry = open(&path);
    for empty in [false, true] {
        if empty {
            fs::write(&path, "").unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        assert!(matches!(try_open(&path), Err(Error::Damaged { .. })));
        let refused = registry.allocate(claim("new"));
        assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
    }
    fs::remove_file(journal_of(&path)).unwrap();
    assert_serves(&registry, &[]);
}

#[test]
fn a_removed_or_older_lock_file_loses_nothing() {
    let folder = scratch();
    let path = store_with(folder.path().join("ports.redb"), &["one"]);
    let registry = open(&path);
    fs::remove_file(lock_of(&path)).unwrap();
    assert_eq!(services(&registry).unwrap(), ["one"]);
    assert_serves(&registry, &["one"]);

    let older = folder.path().join("older.lock");
    for way in WAYS {
        fs::copy(lock_of(&path), &older).unwrap();
        let before = services(&registry).unwrap();
        allocate(&registry, &["later", "latest"]);
        way.replace(&older, &lock_of(&path));
        // The next writer takes over what is behind the mark.
        allocate(&open(&path), &["last"]);
        let expected = [
            before,
            ["later", "latest", "last"].map(str::to_owned).into(),
        ]
        .concat();
        assert_eq!(services(&registry).unwrap(), expected);
        registry
            .release_matching(&Filter::new().with_app("app"))
            .unwrap();
    }
}

#[test]
fn a_copy_of_all_files_is_a_store_of_its_own() {
    let folder = scratch();
    let path = store_with(folder.path().join("ports.redb"), &["one"]);
    let copy = back_up(&path, folder.path().join("copy.redb"));
    fs::copy(lock_of(&path), lock_of(&copy)).unwrap();
    assert_serves(&open(&copy), &["one"]);
    assert_serves(&open(&path), &["one"]);
}

#[cfg(unix)]
#[test]
fn a_hard_link_to_the_journal_is_refused_until_it_is_removed() {
    let folder = scratch();
    let path = store_with(folder.path().join("ports.redb"), &["one"]);
    let registry = open(&path);
    let link = folder.path().join("link");
    fs::hard_link(journal_of(&path), &link).unwrap();
    assert_eq!(services(&registry).unwrap(), ["one"]);
    assert!(registry.allocate(claim("two")).is_err());
    fs::remove_file(link).unwrap();
    assert_serves(&registry, &["one"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_database_that_is_changed_is_followed() {
    let folder = scratch();
    let first = store_with(folder.path().join("first.redb"), &["one"]);
    let second = store_with(folder.path().join("second.redb"), &["two"]);
    let link = folder.path().join("ports.redb");
    std::os::unix::fs::symlink(&first, &link).unwrap();
    let registry = open(&link);
    assert_eq!(services(&registry).unwrap(), ["one"]);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&second, &link).unwrap();
    assert_eq!(services(&registry).unwrap(), ["two"]);
    allocate(&registry, &["three"]);
    assert_eq!(services(&open(&second)).unwrap(), ["two", "three"]);
}
