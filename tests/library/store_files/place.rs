//! The place of the store: its folder, links, modes and sharing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use port_registry::{Atomicity, Error, Filter, Registry};

use super::fixture::{claim, fill, journal_of, move_store, neighbours, open};

const FILES: [&str; 3] = ["ports.redb", "ports.redb.journal", "ports.redb.lock"];

#[test]
fn reading_a_missing_registry_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let registry = open(&path).unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    assert!(registry.check("3000".parse().unwrap()).unwrap().available);
    registry.verify().unwrap();
    assert!(!folder.path().join("new").exists());
    // The first allocation creates the store.
    registry.allocate(claim("web")).unwrap();
    assert_eq!(neighbours(&path), FILES);
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_accessible_only_to_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("ports.redb.lock")), 0o600);
    assert_eq!(mode(&journal_of(&path)), 0o600);
}

#[test]
fn registry_follows_a_removed_or_replaced_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    fs::remove_file(&path).unwrap();
    fs::remove_file(journal_of(&path)).unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    registry.allocate(claim("api")).unwrap();
    // The last allocation is in the new files, where other registries see it.
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
    move_store(&replacement, &path);
    assert_eq!(services(&registry), ["db"]);
    assert_eq!(services(&others), ["db"]);
}

#[cfg(unix)]
#[test]
fn symbolic_link_is_followed_and_kept() {
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
fn draft_of_a_killed_creator_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    fs::write(
        folder.path().join("ports.redb.draft-of-port-registry"),
        b"half a file",
    )
    .unwrap();
    open(&path).unwrap().allocate(claim("web")).unwrap();
    assert_eq!(neighbours(&path), FILES);
}

#[cfg(unix)]
#[test]
fn read_only_registry_is_read_and_allocating_fails() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(&path, 0o400);
    set_mode(&journal_of(&path), 0o400);
    set_mode(folder.path(), 0o500);
    let may_write_anyway = fs::File::create(folder.path().join("test")).is_ok();
    let registry = open(&path).unwrap();
    let listed = registry.list(&Filter::new()).unwrap();
    let allocated = registry.allocate(claim("api"));
    let elsewhere = open(folder.path().join("sub/ports.redb")).unwrap();
    let created = elsewhere.allocate(claim("api"));
    set_mode(folder.path(), 0o700);

    assert_eq!(listed.len(), 1);
    // Root ignores permissions.
    if !may_write_anyway {
        for result in [allocated, created] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::NotWritable { .. }), "{error:?}");
            assert!(error.to_string().contains("PORT_REGISTRY_DB"), "{error}");
        }
    }
}

#[test]
fn requests_without_a_write_create_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("ports.redb");
    let registry = open(&path).unwrap();
    assert_eq!(registry.apply(&[], Atomicity::Each).unwrap().len(), 0);
    let id = "1".parse().unwrap();
    let error = registry.release(id).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    let filter = Filter::new().with_app("app");
    assert_eq!(registry.release_matching(&filter).unwrap(), []);
    assert!(!folder.path().join("new").exists());
}

#[test]
fn store_whose_writer_is_stopped_can_be_read_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    open(&path).unwrap().allocate(claim("web")).unwrap();
    let writer = test_support::locks::lock_queue(&path);
    let wait = Duration::from_millis(50);
    let registry = Registry::builder()
        .with_path(&path)
        .with_wait(wait)
        .open()
        .unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    let error = registry.allocate(claim("api")).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    drop(writer);
    registry.allocate(claim("api")).unwrap();
}

#[cfg(unix)]
#[test]
fn files_keep_their_mode_when_they_are_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = open(&path).unwrap();
    registry.allocate(claim("web")).unwrap();
    let files = [&path, &journal_of(&path)];
    for path in files {
        fs::set_permissions(path, fs::Permissions::from_mode(0o660)).unwrap();
    }
    fill(&registry);
    for path in files {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
    }
}

#[test]
fn lock_file_of_another_program_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let lock = path.with_file_name("ports.redb.lock");
    fs::write(&lock, "1234\n").unwrap();
    let error = open(&path).unwrap().allocate(claim("web")).unwrap_err();
    assert!(matches!(&error, Error::ForeignFile { path, .. } if *path == lock));
    assert_eq!(fs::read(&lock).unwrap(), b"1234\n");
}

#[test]
fn registries_of_a_process_share_a_file_and_threads_share_a_registry() {
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
