//! A store without write permission, or without read permission.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use port_registry::daemon::store_files;

use super::observed::error_line;
use crate::PORTCTL;
use test_support::daemon::PORT_REGISTRY;
use test_support::helper::Helper;
use test_support::{Ran, Sandbox, install, is_available, program};

/// A machine with a registry, and a user who is bound by permissions.
struct RestrictedMachine {
    sandbox: Sandbox,
    is_root: bool,
}

impl RestrictedMachine {
    /// Returns `None` if the tests run as root and cannot become another user.
    fn new() -> Option<RestrictedMachine> {
        let sandbox = Sandbox::new();
        let is_root = fs::metadata(sandbox.path()).unwrap().uid() == 0;
        let machine = RestrictedMachine { sandbox, is_root };
        if is_root {
            set_mode(&machine.sandbox.path(), 0o755);
            for program in [Path::new(PORTCTL), &PORT_REGISTRY] {
                let place = machine.sandbox.path().join(program.file_name().unwrap());
                install(program, &place);
            }
            let mut trial = machine.command(Path::new("portctl"));
            let what = "another user, by setpriv";
            if !is_available(what, trial.arg("version").current_dir("/")) {
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

    /// Prepares a program of the workspace to run as that user.
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

    fn daemon_error(&self) -> String {
        let mut command = self.command(Path::new("port-registry"));
        let pidfile = self.sandbox.work().join("pidfile");
        set_mode(&self.sandbox.work(), 0o777);
        command.args(["--port", "0", "--pidfile"]).arg(pidfile);
        error_line(&Ran::of(&mut command)).to_owned()
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.store().parent().unwrap().to_owned()
    }

    /// Sets the modes of the folder and of each of its files.
    fn set_modes(&self, folder: u32, file: u32) {
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

impl Drop for RestrictedMachine {
    fn drop(&mut self) {
        // Otherwise the temporary folder could not be removed.
        set_mode(&self.folder(), 0o700);
    }
}

#[track_caller]
fn assert_unwritable(message: &str) {
    let prefix = "cannot write the registry at ";
    assert!(message.starts_with(prefix), "{message}");
    assert!(message.contains("Permission denied"), "{message}");
}

#[track_caller]
fn assert_unreadable(message: &str) {
    let prefix = "cannot read the registry at ";
    assert!(message.starts_with(prefix), "{message}");
    assert!(message.contains("Permission denied"), "{message}");
}

fn set_mode(path: &Path, mode: u32) {
    let _ = fs::set_permissions(path, Permissions::from_mode(mode));
}

#[test]
fn read_only_store_is_read_and_not_changed() {
    let Some(machine) = RestrictedMachine::new() else {
        return;
    };
    // Both modes let others read. The registry rejects a folder that everybody can write to.
    for folder in [0o755, 0o555] {
        machine.set_modes(folder, 0o444);
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
            assert_unwritable(error_line(&ran));
        }
        assert_unwritable(&machine.daemon_error());
        assert_eq!(machine.entries(), entries);
        assert_eq!(fs::read(machine.sandbox.store()).unwrap(), bytes);
    }
}

#[test]
fn read_only_store_of_a_killed_writer_is_read() {
    let Some(machine) = RestrictedMachine::new() else {
        return;
    };
    let store = machine.sandbox.store();
    // The writer is killed in the middle of a commit.
    let mut command = Command::new(program("test-store-user"));
    let mut killed = Helper::spawn(command.arg(&store).arg("hold-the-writer-lock"));
    killed.expect("holding");
    killed.kill();
    let files = store_files(&store);
    let unclean = files.clone().map(|file| fs::read(file).unwrap());
    machine.set_modes(0o555, 0o444);
    let listed = machine.portctl(&["list", "--json"]);
    assert!(listed.printed().contains("\"web\""), "{listed:?}");
    let ran = machine.portctl(&["allocate", "--service", "db"]);
    assert_unwritable(error_line(&ran));
    assert!(files.map(|file| fs::read(file).unwrap()) == unclean);
}

#[test]
fn writable_store_in_a_read_only_folder_is_written() {
    let Some(machine) = RestrictedMachine::new() else {
        return;
    };
    machine.set_modes(0o555, 0o666);
    machine.portctl(&["get", "web", "db"]).printed();
    machine.portctl(&["release", "--service", "db"]).printed();
}

#[test]
fn unreadable_store_is_an_error_and_not_an_empty_registry() {
    let Some(machine) = RestrictedMachine::new() else {
        return;
    };
    for (folder, file) in [(0o755, 0o000), (0o000, 0o444)] {
        machine.set_modes(folder, file);
        for words in [
            &["list"][..],
            &["get", "web"],
            &["allocate", "--service", "db"],
            &["release", "--service", "web"],
        ] {
            let ran = machine.portctl(words);
            assert_unreadable(error_line(&ran));
        }
        assert_unreadable(&machine.daemon_error());
    }
}

#[test]
fn store_is_not_created_in_a_read_only_folder() {
    let Some(machine) = RestrictedMachine::new() else {
        return;
    };
    machine.set_modes(0o700, 0o600);
    for entry in machine.entries() {
        fs::remove_file(entry).unwrap();
    }
    machine.set_modes(0o555, 0o444);
    let ran = machine.portctl(&["allocate", "--service", "db"]);
    assert_unwritable(error_line(&ran));
    assert_eq!(machine.portctl(&["list", "--json"]).printed(), "[]");
    assert_unwritable(&machine.daemon_error());
    assert!(machine.entries().is_empty());
}
