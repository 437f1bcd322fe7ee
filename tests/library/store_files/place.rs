//! The place of the store: its folder, links, modes and sharing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use port_registry::{Atomicity, Error, Filter, Registry};
use redb::Database;

use super::fixture::{claim, neighbours, open};

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
