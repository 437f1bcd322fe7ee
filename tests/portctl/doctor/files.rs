//! Checks of the registry's folder and file.

use std::fs::{self, OpenOptions, Permissions};
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use port_registry::daemon::store_files;
use port_registry::{Claim, Registry, ServiceKey};
use redb::backends::FileBackend;
use redb::{Database, StorageBackend, TableDefinition};

use super::patient::{Patient, as_nobody};
use test_support::Ran;
use test_support::store_files::{copy_store, journal_of};

#[test]
fn files_open_to_other_users_are_reported_with_the_chmod_that_closes_them() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let folder = patient.folder();
    let files = store_files(&patient.sandbox.store());
    let mut chmods = vec![format!("`chmod 700 {}`", folder.display())];
    chmods.extend(
        files
            .iter()
            .map(|it| format!("`chmod 600 {}`", it.display())),
    );
    for (of_folder, of_files) in [
        (0o755, [0o600; 3]),
        (0o700, [0o604, 0o600, 0o600]),
        (0o700, [0o600, 0o604, 0o600]),
        (0o700, [0o600, 0o600, 0o604]),
        (0o710, [0o660; 3]),
        (0o770, [0o600; 3]),
    ] {
        set_mode(&folder, of_folder);
        for (file, mode) in files.iter().zip(of_files) {
            set_mode(file, mode);
        }
        let findings = patient.examine();
        findings.assert("home", "problem", "is open to other users");
        findings.assert_ok_except(&["home"]);
        let hint = findings.hint("home");
        let mut are_closed = vec![of_folder == 0o700];
        are_closed.extend(of_files.map(|mode| mode == 0o600));
        for (chmod, is_closed) in chmods.iter().zip(are_closed) {
            assert_eq!(hint.contains(chmod), !is_closed, "{hint}");
        }
        for command in hint.lines() {
            let command = command.trim_matches('`');
            Ran::of(Command::new("sh").args(["-c", command])).printed();
        }
        patient.examine().assert_ok_except(&[]);
    }
    // The registry rejects such a folder; the other checks still run.
    set_mode(&folder, 0o777);
    let findings = patient.examine();
    findings.assert("home", "problem", "is open to other users");
    assert_eq!(findings.hint("home"), chmods[0]);
    findings.assert("store", "problem", "every user can write to it");
    findings.assert("checkouts", "warning", "not checked");
    findings.assert("git", "ok", "bin/git");
}

#[test]
fn chosen_registry_file_may_be_shared() {
    let patient = Patient::new();
    let folder = patient.sandbox.path().join("it's shared");
    let store = folder.join("ports.redb");
    let registry = Registry::builder().with_path(&store).open().unwrap();
    let web = ServiceKey::new("shop", "main", "web").unwrap();
    registry.allocate(Claim::new(web)).unwrap();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let examine = || patient.examine_with("PORT_REGISTRY_DB", &store);
    set_mode(&folder, 0o1777);
    examine().assert("home", "ok", "mode 1777");
    set_mode(&store, 0o660);
    examine().assert(
        "home",
        "warning",
        "ports.redb is open to other users (mode 0660)",
    );
    set_mode(&store, 0o666);
    examine().assert(
        "home",
        "problem",
        "ports.redb is open to other users (mode 0666)",
    );
    set_mode(&store, 0o600);
    set_mode(&folder, 0o777);
    let findings = examine();
    findings.assert("home", "problem", "every user can replace files in ");
    let command = findings.hint("home").trim_matches('`').to_owned();
    assert!(command.starts_with("chmod o-w "), "{command}");
    Ran::of(Command::new("sh").args(["-c", &command])).printed();
    examine().assert("home", "ok", "mode 0775");
    // The mode of a foreign file is not checked.
    let notes = patient.path("notes");
    fs::write(&notes, "mine").unwrap();
    let findings = patient.examine_with("PORT_REGISTRY_DB", &notes);
    findings.assert("home", "ok", "");
    findings.assert("store", "problem", "is not a port registry");
}

#[test]
fn unusable_homes_are_reported_and_the_other_checks_run() {
    let patient = Patient::new();
    let findings = patient.examine_with("HOME", "some/home");
    findings.assert("home", "problem", "HOME is not an absolute path");
    findings.assert("store", "problem", "HOME is not an absolute path");
    findings.assert_ok_except(&["home", "store", "pidfile", "listeners", "checkouts"]);
    let file = patient.path("file");
    fs::write(&file, "mine").unwrap();
    let findings = patient.examine_with("HOME", &file);
    findings.assert("home", "problem", "HOME is not a folder");
    fs::write(patient.folder(), "mine").unwrap();
    let findings = patient.examine();
    findings.assert("home", "problem", "is not a folder");
    assert_eq!(findings.hint("home"), "move it away");
    // A registry in another file is still usable.
    let named = patient.path("ports.redb");
    let findings = patient.examine_with("PORT_REGISTRY_DB", &named);
    findings.assert_ok_except(&["pidfile"]);
    findings.assert("pidfile", "warning", "it is not a folder");
    let findings = patient.examine_with("PORT_REGISTRY_DB", patient.path("file/ports.redb"));
    findings.assert("home", "problem", "file is not a folder");
    let findings = patient.examine_with("PORT_REGISTRY_RANGE", "many");
    findings.assert("store", "problem", "PORT_REGISTRY_RANGE cannot be used");
}

#[test]
fn files_that_are_not_registries_are_reported_and_not_changed() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let store = patient.sandbox.store();
    let intact = fs::read(&store).unwrap();
    let mut flipped = intact.clone();
    flipped[0x1000..].iter_mut().for_each(|byte| *byte ^= 1);
    let sqlite = [b"SQLite format 3\0".as_slice(), &[7; 4080]].concat();
    for (content, detail) in [
        (
            b"my notes".as_slice(),
            "is not a port registry; it was left unchanged",
        ),
        (&sqlite, "is an SQLite database, not a registry"),
        (&flipped, "is damaged: "),
        (
            &intact[..0x2000],
            "ports.redb.journal was made for another database",
        ),
    ] {
        fs::write(&store, content).unwrap();
        let findings = patient.examine();
        findings.assert("store", "problem", detail);
        findings.assert_ok_except(&["store", "listeners", "checkouts"]);
        findings.assert("listeners", "warning", "the registry cannot be read");
    }
    fs::write(&store, &intact).unwrap();
    patient.examine().assert_ok_except(&[]);
    // Afterwards it is known again up to which change the journal is acknowledged.
    patient.registry().try_write().unwrap();
    let journal = journal_of(&store);
    let intact_journal = fs::read(&journal).unwrap();
    let mut emptied = intact_journal.clone();
    emptied[4096..].fill(0);
    for (content, detail) in [
        (b"my notes".as_slice(), ".journal is not a port registry"),
        (&[], "is damaged: "),
        (&intact_journal[..4096], "ports.redb.journal is cut short"),
        (&emptied, "ports.redb.journal is damaged at change 1"),
    ] {
        fs::write(&journal, content).unwrap();
        let findings = patient.examine();
        findings.assert("store", "problem", detail);
        findings.assert_ok_except(&["store", "listeners", "checkouts"]);
        assert_eq!(fs::read(&journal).unwrap(), content);
    }
    fs::write(&journal, &intact_journal).unwrap();
    fs::write(patient.folder().join("ports.redb.lock"), "my notes").unwrap();
    let findings = patient.examine();
    findings.assert(
        "store",
        "problem",
        "1 allocation, 2 changes in the journal\n",
    );
    findings.assert(
        "store",
        "problem",
        "ports.redb.lock is not a port registry; it was left unchanged",
    );
}

#[test]
fn file_of_a_newer_format_is_reported() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let store = patient.sandbox.store();
    // A database that is read without its journal is not compared with it.
    fs::remove_file(journal_of(&store)).unwrap();
    let database = Database::open(&store).unwrap();
    let txn = database.begin_write().unwrap();
    let meta: TableDefinition<&str, u64> = TableDefinition::new("meta");
    for name in ["format_version", "min_reader"] {
        txn.open_table(meta).unwrap().insert(name, 7).unwrap();
    }
    txn.commit().unwrap();
    drop(database);
    patient.examine().assert(
        "store",
        "problem",
        "has format version 7, and this program knows version 4",
    );
}

#[test]
fn missing_journal_is_reported() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let store = patient.sandbox.store();
    fs::remove_file(journal_of(&store)).unwrap();
    let findings = patient.examine();
    let lacks = "without the latest changes, because the journal is missing\n";
    findings.assert("store", "problem", lacks);
    findings.assert("store", "problem", "cannot change the registry at ");
    findings.assert_ok_except(&["store"]);
    assert!(!journal_of(&store).exists());
}

pub(super) fn stuck_writer_is_reported() {
    let patient = Patient::new();
    patient.allocate("web", Some(Path::new("/gone")));
    let lock = format!("{}.lock", patient.sandbox.store().display());
    let mut options = OpenOptions::new();
    let lock_file = options.read(true).write(true).open(&lock).unwrap();
    let backend = FileBackend::new(lock_file).unwrap();
    let writer_byte = Bound::Included(1 << 40);
    assert!(backend.try_lock_range(writer_byte, writer_byte).unwrap());
    let busy = " is busy: another process has kept it locked for more than 5 s";
    let findings = patient.examine();
    findings.assert("store", "problem", busy);
    findings.assert("store", "problem", "format version 4, 1 allocation");
    findings.assert("checkouts", "warning", "/gone");
    backend.close().unwrap();

    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let findings = patient.examine();
    findings.assert("store", "problem", "ports.redb.lock is not a port registry");
}

#[test]
fn copy_of_a_store_is_read_without_its_lock() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let copy = patient.path("copy.redb");
    copy_store(&patient.sandbox.store(), Path::new(&copy));
    let findings = patient.examine_with("PORT_REGISTRY_DB", &copy);
    findings.assert("store", "ok", "format version 4, 1 allocation");
    assert!(!Path::new(&format!("{copy}.lock")).exists());
}

#[test]
fn missing_permissions_are_reported() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let Some(mut command) = as_nobody(&patient) else {
        return;
    };
    // Root owns everything, and others can read it.
    fs::set_permissions(patient.folder(), Permissions::from_mode(0o755)).unwrap();
    let files = store_files(&patient.sandbox.store());
    for file in &files {
        fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    let findings = patient.examine_by(&mut command);
    findings.assert(
        "home",
        "problem",
        "belongs to another user (uid 0; you are uid 65534)",
    );
    findings.assert("store", "problem", "cannot write the registry at ");
    findings.assert("store", "problem", "Permission denied");
    for file in &files {
        fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
        let findings = patient.examine_by(&mut command);
        findings.assert("store", "problem", "cannot read the registry at ");
        fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    let store = patient.path("home/new/ports.redb");
    let findings = patient.examine_by(command.env("PORT_REGISTRY_DB", store));
    findings.assert("home", "problem", "the registry cannot be created in ");
}
