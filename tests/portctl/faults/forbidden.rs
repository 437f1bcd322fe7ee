//! A store that this user may only read, or not even that.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use port_registry::Registry;

use super::told::complaint;
use crate::PORTCTL;
use test_support::daemon::PORT_REGISTRY;
use test_support::{Ran, Sandbox, install, is_to_be_had};

/// A machine with a registry, to be used by a user whom permissions bind.
struct Machine {
    sandbox: Sandbox,
    is_root: bool,
}

impl Machine {
    /// `None` where this user is root and cannot become another one.
    fn new() -> Option<Machine> {
        let sandbox = Sandbox::new();
        let is_root = fs::metadata(sandbox.path()).unwrap().uid() == 0;
        let machine = Machine { sandbox, is_root };
        if is_root {
            set_mode(&machine.sandbox.path(), 0o755);
            for program in [Path::new(PORTCTL), &PORT_REGISTRY] {
                let place = machine.sandbox.path().join(program.file_name().unwrap());
                install(program, &place);
            }
            let mut trial = machine.command(Path::new("portctl"));
            let what = "another user, by setpriv";
            if !is_to_be_had(what, trial.arg("version").current_dir("/")) {
                return None;
            }
        }
        machine
            .sandbox
            .run(
                PORTCTL,
                &["get", "web", "--app", "app", "--instance", "main"],
            )
            .printed();
        Some(machine)
    }

    /// A program of the workspace, run by the other user.
    fn command(&self, program: &Path) -> Command {
        if !self.is_root {
            return self.sandbox.command(PORT_REGISTRY.with_file_name(program));
        }
        let mut command = self.sandbox.as_nobody();
        command.arg(self.sandbox.path().join(program));
        command
    }

    fn portctl(&self, words: &[&str]) -> Ran {
        let mut command = self.command(Path::new("portctl"));
        Ran::of(
            command
                .args(words)
                .args(["--app", "app", "--instance", "main"]),
        )
    }

    fn daemon_complaint(&self) -> String {
        let mut command = self.command(Path::new("port-registry"));
        let pidfile = self.sandbox.work().join("pidfile");
        set_mode(&self.sandbox.work(), 0o777);
        command.args(["--port", "0", "--pidfile"]).arg(pidfile);
        complaint(&Ran::of(&mut command)).to_owned()
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.store().parent().unwrap().to_owned()
    }

    /// Lets the user do so much with the folder and with each of its files.
    fn permit(&self, folder: u32, file: u32) {
        for entry in self.entries() {
            set_mode(&entry, file);
        }
        set_mode(&self.folder(), folder);
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // So that it can be removed.
        set_mode(&self.folder(), 0o700);
    }
}

#[track_caller]
fn assert_says_unwritable(said: &str) {
    assert!(said.starts_with("cannot write the registry at "), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
}

#[track_caller]
fn assert_says_unreadable(said: &str) {
    assert!(said.starts_with("cannot read the registry at "), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
}

fn set_mode(path: &Path, mode: u32) {
    let _ = fs::set_permissions(path, Permissions::from_mode(mode));
}

#[test]
fn a_store_that_may_only_be_read_is_read() {
    let Some(machine) = Machine::new() else {
        return;
    };
    // By its owner, the folder may be written or not; one that all could write to would not be used.
    for folder in [0o755, 0o555] {
        machine.permit(folder, 0o444);
        let entries = machine.entries();
        let bytes = fs::read(machine.sandbox.store()).unwrap();
        let port = machine.portctl(&["get", "web"]).printed().to_owned();
        let listed = machine.portctl(&["list", "--json"]);
        assert!(
            listed.printed().contains(&format!(":{port},")),
            "{listed:?}"
        );
        for words in [
            &["allocate", "--service", "db"][..],
            &["get", "web", "db"],
            &["release", "--service", "web"],
        ] {
            let ran = machine.portctl(words);
            assert_says_unwritable(complaint(&ran));
        }
        assert_says_unwritable(&machine.daemon_complaint());
        assert_eq!(machine.entries(), entries);
        assert_eq!(fs::read(machine.sandbox.store()).unwrap(), bytes);
    }
}

#[test]
fn a_store_that_was_left_unclean_is_read_where_it_cannot_be_mended() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let store = machine.sandbox.store();
    // What a writer leaves that is killed: the file as it is while it is open.
    let registry = Registry::builder().with_path(&store).open().unwrap();
    registry.try_write().unwrap();
    let unclean = fs::read(&store).unwrap();
    drop(registry);
    assert_ne!(fs::read(&store).unwrap(), unclean, "closing cleans it");
    fs::write(&store, &unclean).unwrap();
    machine.permit(0o555, 0o444);
    let listed = machine.portctl(&["list", "--json"]);
    assert!(listed.printed().contains("\"web\""), "{listed:?}");
    assert_eq!(fs::read(&store).unwrap(), unclean);
}

#[test]
fn a_store_in_a_folder_that_may_only_be_read_is_written_all_the_same() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.permit(0o555, 0o666);
    machine.portctl(&["get", "web", "db"]).printed();
    machine.portctl(&["release", "--service", "db"]).printed();
}

#[test]
fn a_store_that_may_not_be_read_is_an_error_and_no_empty_registry() {
    let Some(machine) = Machine::new() else {
        return;
    };
    for (folder, file) in [(0o755, 0o000), (0o000, 0o444)] {
        machine.permit(folder, file);
        for words in [
            &["list"][..],
            &["get", "web"],
            &["allocate", "--service", "db"],
            &["release", "--service", "web"],
        ] {
            let ran = machine.portctl(words);
            assert_says_unreadable(complaint(&ran));
        }
        assert_says_unreadable(&machine.daemon_complaint());
    }
}

#[test]
fn no_store_is_begun_where_nothing_may_be_created() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.permit(0o700, 0o600);
    for entry in machine.entries() {
        fs::remove_file(entry).unwrap();
    }
    machine.permit(0o555, 0o444);
    let ran = machine.portctl(&["allocate", "--service", "db"]);
    assert_says_unwritable(complaint(&ran));
    assert_eq!(machine.portctl(&["list", "--json"]).printed(), "[]");
    assert_says_unwritable(&machine.daemon_complaint());
    assert!(machine.entries().is_empty());
}
