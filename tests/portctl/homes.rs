//! Unusual home folders: missing, files, symbolic links, on other file systems, or writable by others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::PORTCTL;
use crate::machine::Machine;
use test_support::{NOBODY, Ran, Sandbox, namespace};

/// Runs a program with this HOME.
fn with_home(sandbox: &Sandbox, home: impl AsRef<Path>, program: &str, words: &[&str]) -> Ran {
    let mut command = sandbox.command(test_support::program(program));
    Ran::of(command.env("HOME", home.as_ref()).args(words))
}

/// Asserts that portctl in process, `portctl start` and the daemon itself all fail for this reason.
#[track_caller]
fn assert_all_fail(sandbox: &Sandbox, home: impl AsRef<Path>, reason: &str) {
    for (program, words) in [
        ("portctl", ["get", "web"].as_slice()),
        ("portctl", &["list"]),
        ("portctl", &["start"]),
        ("port-registry", &["--port", "0"]),
    ] {
        let ran = with_home(sandbox, &home, program, words);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains(reason),
            "{program} {words:?}: {complaint}"
        );
        assert!(!complaint.contains("panicked"), "{complaint}");
    }
}

/// Asserts that portctl can allocate, find and list a port with this HOME.
#[track_caller]
fn assert_usable(sandbox: &Sandbox, home: impl AsRef<Path>) {
    let run = |words: &[&str]| {
        with_home(sandbox, &home, "portctl", words)
            .printed()
            .to_owned()
    };
    let port = run(&["get", "web"]);
    assert!(port.parse::<u16>().is_ok(), "{port}");
    assert_eq!(run(&["get", "web"]), port);
    assert!(run(&["list", "--all"]).contains(&port));
}

fn folder_of(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.home().join(".port-registry")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn relative_home_is_refused() {
    let sandbox = Sandbox::new();
    assert_all_fail(&sandbox, "some/home", "HOME is not an absolute path");
    // HOME is not needed if the path of the store is set.
    let mut command = sandbox.command(PORTCTL);
    command.env("HOME", "some/home");
    command.env("PORT_REGISTRY_DB", sandbox.path().join("ports.redb"));
    Ran::of(command.args(["get", "web"])).printed();
    assert!(!sandbox.work().join("some").exists());
}

#[test]
fn file_as_home_is_reported_and_left_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert_all_fail(&sandbox, &file, "HOME is not a folder; set it to one");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn file_in_place_of_the_registrys_folder_is_reported_and_left_alone() {
    let sandbox = Sandbox::new();
    fs::write(folder_of(&sandbox), "mine").unwrap();
    let reason = ".port-registry cannot be used: it is not a folder; move it away";
    assert_all_fail(&sandbox, sandbox.home(), reason);
    assert_eq!(fs::read(folder_of(&sandbox)).unwrap(), b"mine");
}

#[test]
fn symbolic_links_to_the_home_and_the_registrys_folder_are_followed_and_kept() {
    let sandbox = Sandbox::new();
    let (home, elsewhere) = (
        sandbox.path().join("link"),
        sandbox.path().join("elsewhere"),
    );
    symlink(sandbox.home(), &home).unwrap();
    symlink(&elsewhere, folder_of(&sandbox)).unwrap();
    assert_all_fail(&sandbox, &home, "it is a symbolic link to nothing");
    fs::create_dir(&elsewhere).unwrap();
    assert_usable(&sandbox, &home);
    assert!(elsewhere.join("ports.redb").exists());
    assert!(
        fs::symlink_metadata(folder_of(&sandbox))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn folder_that_everybody_can_write_to_is_refused() {
    let sandbox = Sandbox::new();
    assert_usable(&sandbox, sandbox.home());
    for mode in [0o777, 0o1777, 0o702] {
        set_mode(&folder_of(&sandbox), mode);
        let reason = format!("run `chmod o-w {}`", folder_of(&sandbox).display());
        assert_all_fail(&sandbox, sandbox.home(), &reason);
    }
    // Following the hint helps. Other users may read the folder.
    set_mode(&folder_of(&sandbox), 0o755);
    assert_usable(&sandbox, sandbox.home());
}

#[test]
fn missing_home_is_created() {
    let sandbox = Sandbox::new();
    let home = sandbox.path().join("new/home");
    assert_usable(&sandbox, &home);
    let mode = fs::metadata(home.join(".port-registry")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn folder_of_another_user_is_refused_unless_the_home_is_theirs_too() {
    use std::os::unix::fs::chown;
    let sandbox = Sandbox::new();
    if !sandbox.admits_nobody() {
        return;
    }
    let mut command = sandbox.as_nobody();
    let installed = sandbox.path().join("portctl");
    test_support::install(PORTCTL, &installed);
    fs::create_dir(folder_of(&sandbox)).unwrap();
    set_mode(&folder_of(&sandbox), 0o755);
    // `nobody` owns the home, and root owns the folder in it.
    chown(sandbox.home(), Some(NOBODY), Some(NOBODY)).unwrap();
    command
        .arg(&installed)
        .args(["get", "web", "--app", "app", "--instance", "main"]);
    let complaint = Ran::of(&mut command).complained(1).to_owned();
    let reason = ".port-registry cannot be used: it belongs to another user, 0; move it away";
    assert!(complaint.contains(reason), "{complaint}");
    assert_eq!(fs::read_dir(folder_of(&sandbox)).unwrap().count(), 0);
    // In a container, root may own the home and the user the folder.
    chown(sandbox.home(), Some(0), Some(0)).unwrap();
    chown(folder_of(&sandbox), Some(NOBODY), Some(NOBODY)).unwrap();
    Ran::of(&mut command).printed();
    // If root owns both, only the file permissions decide.
    chown(folder_of(&sandbox), Some(0), Some(0)).unwrap();
    chown(sandbox.store(), Some(0), Some(0)).unwrap();
    let complaint = Ran::of(&mut command).complained(1).to_owned();
    assert!(complaint.contains("Permission denied"), "{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn user_whom_a_daemon_refuses_is_told_that_it_runs_and_who_can_change_that() {
    let machine = Machine::new();
    if !machine.sandbox.admits_nobody() {
        return;
    }
    let mut prefix = machine.sandbox.as_nobody();
    let installed = machine.sandbox.path().join("portctl");
    test_support::install(PORTCTL, &installed);
    machine.start();
    let address = machine.address;
    prefix
        .env("PORT_REGISTRY_ADDR", address.to_string())
        .env("HOME", machine.sandbox.path().join("home of nobody"))
        .args(["sh", "-c", "\"$0\" status; \"$0\" get web"])
        .arg(&installed);
    let ran = Ran::of(prefix.current_dir("/"));
    let line = format!("Server is running at http://{address}, but refuses this user\n");
    assert_eq!(ran.stdout, line);
    let refusal = format!(
        "the daemon at {address} refused the request: this daemon does not serve user {NOBODY}, whose connection this \
         is; its user can run `portctl restart --allow-users {NOBODY}`, which replaces the list of users in force\n"
    );
    let hint = "hint: after `unset PORT_REGISTRY_ADDR` portctl uses this user's own registry, without a daemon\n";
    assert_eq!(ran.stderr, format!("note: {refusal}error: {refusal}{hint}"));
}

#[cfg(target_os = "linux")]
#[test]
fn home_of_the_user_database_is_used_if_home_is_not_set() {
    let sandbox = Sandbox::new();
    let users = sandbox.path().join("passwd");
    let line = format!("tester:x:0:0::{}:/bin/sh\n", sandbox.home().display());
    fs::write(&users, line).unwrap();
    let mount = format!("mount --bind {} /etc/passwd", users.display());
    let Some(mut command) = namespace::command(&sandbox, "--mount", &mount) else {
        return;
    };
    let portctl = test_support::program("portctl");
    let get = format!("{} get web", portctl.display());
    let script = format!("set -e; {mount}; unset HOME; {get}; HOME= {get}");
    let ran = Ran::of(command.args(["sh", "-c", &script]));
    let ports: Vec<&str> = ran.printed().lines().collect();
    assert_eq!(ports.len(), 2);
    assert_eq!(ports[0], ports[1]);
    assert!(sandbox.store().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn folder_on_another_file_system_works() {
    let sandbox = Sandbox::new();
    fs::create_dir(folder_of(&sandbox)).unwrap();
    let mount = format!(
        "mount -t tmpfs -o mode=700 none {}",
        folder_of(&sandbox).display()
    );
    let Some(mut command) = namespace::command(&sandbox, "--mount", &mount) else {
        return;
    };
    let get = format!("{} get web", test_support::program("portctl").display());
    let script = format!(
        "set -e; {mount}; {get}; {get}; ls {}",
        folder_of(&sandbox).display()
    );
    let ran = Ran::of(command.args(["sh", "-c", &script]));
    let lines: Vec<&str> = ran.printed().lines().collect();
    assert_eq!(lines[0], lines[1]);
    let files = ["ports.redb", "ports.redb.journal", "ports.redb.lock"];
    assert_eq!(lines[2..], files);
}
