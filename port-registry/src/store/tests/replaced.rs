//! Other files that are copied over the open one, as `cp` does when a backup is restored. The file keeps its identity.

use std::fs;
use std::path::{Path, PathBuf};

use super::fixtures::{claim, open, scratch};
use crate::store::tables::recent::MAX_RECENT;
use crate::{Filter, Registry};

fn services(registry: &Registry) -> Vec<String> {
    let listed = registry.list(&Filter::new()).unwrap();
    listed
        .iter()
        .map(|it| it.key.service().to_owned())
        .collect()
}

fn allocate(registry: &Registry, services: &[&str]) {
    for service in services {
        registry.allocate(claim(service)).unwrap();
    }
}

/// Makes a registry with these services, each allocated by a commit of its own, and closes it.
fn registry_with(path: PathBuf, services: &[&str]) -> PathBuf {
    allocate(&open(&path), services);
    path
}

/// Copies a file over another one, which stays the same file.
fn copy_over(from: &Path, to: &Path) {
    fs::write(to, fs::read(from).unwrap()).unwrap();
}

/// Asserts that a registry, and one that is opened now, have these services and keep further ones.
#[track_caller]
fn assert_serves(registry: &Registry, expected: &[&str]) {
    assert_eq!(services(registry), expected);
    allocate(registry, &["new"]);
    let expected = [expected, &["new"]].concat();
    let anew = open(registry.path());
    for registry in [registry, &anew] {
        assert_eq!(services(registry), expected);
        registry.verify().unwrap();
    }
}

#[test]
fn copy_with_as_many_commits_is_read_anew_and_not_overwritten() {
    for writes_before in [false, true] {
        let folder = scratch();
        let path = registry_with(folder.path().join("ports.redb"), &["one", "two"]);
        let copy = registry_with(folder.path().join("copy.redb"), &["one", "other"]);
        // One handle is read-only, and the other one can write.
        let registry = open(&path);
        if writes_before {
            allocate(&registry, &["three"]);
            allocate(&open(&copy), &["4"]);
        }
        assert_eq!(services(&registry).len(), 2 + usize::from(writes_before));
        copy_over(&copy, &path);
        let expected: &[&str] = if writes_before {
            &["one", "other", "4"]
        } else {
            &["one", "other"]
        };
        assert_serves(&registry, expected);
    }
}

#[test]
fn write_through_a_handle_of_the_overwritten_file_is_a_write_to_the_copy() {
    let folder = scratch();
    let path = registry_with(folder.path().join("ports.redb"), &["one"]);
    let copy = folder.path().join("copy.redb");
    fs::copy(&path, &copy).unwrap();
    let [registry, other] = [&path, &copy].map(|path| open(path));
    allocate(&registry, &["two"]);
    allocate(&other, &["other"]);
    copy_over(&copy, &path);
    drop(other);
    allocate(&registry, &["three"]);
    assert_serves(&registry, &["one", "other", "three"]);
}

#[test]
fn older_copy_with_more_commits_since_is_read_anew() {
    // As many commits as the file had, and more. Some are merged into the tables.
    for more in 0..=MAX_RECENT + 1 {
        let folder = scratch();
        let path = registry_with(folder.path().join("ports.redb"), &["one"]);
        let copy = folder.path().join("copy.redb");
        fs::copy(&path, &copy).unwrap();
        let registry = open(&path);
        allocate(&registry, &["two", "three"]);
        assert_eq!(services(&registry), ["one", "two", "three"]);
        copy_over(&copy, &path);
        let since: Vec<String> = (0..2 + more).map(|number| format!("x{number}")).collect();
        let since: Vec<&str> = since.iter().map(String::as_str).collect();
        allocate(&open(&path), &since);
        assert_serves(&registry, &[&["one"], &since[..]].concat());
    }
}

#[test]
fn older_copy_whose_recent_changes_have_the_same_numbers_is_read_anew() {
    // Both changes are not merged into the tables yet.
    for more_commits in 0..4 {
        let folder = scratch();
        let path = registry_with(folder.path().join("ports.redb"), &["one"]);
        let copy = folder.path().join("copy.redb");
        fs::copy(&path, &copy).unwrap();
        let registry = open(&path);
        allocate(&registry, &["two"]);
        assert_eq!(services(&registry), ["one", "two"]);
        copy_over(&copy, &path);
        let other = open(&path);
        allocate(&other, &["other"]);
        for _ in 0..more_commits {
            other.try_write().unwrap();
        }
        assert_eq!(services(&registry), ["one", "other"]);
        drop(other);
        assert_serves(&registry, &["one", "other"]);
    }
}
