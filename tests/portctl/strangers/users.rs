//! Servers and daemons of other users at the address that `PORT_REGISTRY_ADDR` names.

use std::fs::{self, Permissions};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::helper::Helper;
use test_support::{NOBODY, Ran, STRANGER, Sandbox, give_away, install, program};

use super::fixture::claim;
use crate::machine::Machine;

const USE_OWN: &str =
    "after `unset PORT_REGISTRY_ADDR` portctl uses this user's own registry, without a daemon";

/// Listens as another user, as the kernel sees it. Returns `None` if only root can.
fn listen_as_stranger(address: SocketAddr) -> Option<TcpListener> {
    let listener = TcpListener::bind(address).unwrap();
    if !give_away(&listener, STRANGER) {
        return None;
    }
    listener.set_nonblocking(true).unwrap();
    Some(listener)
}

/// Runs portctl with the machine's address, as the daemon's of a user.
fn run(machine: &Machine, user: &str, words: &[&str]) -> Ran {
    let address = format!("{user}{}", machine.address);
    Ran::of(machine.command(words).env("PORT_REGISTRY_ADDR", address))
}

/// Asserts that a command refuses the server of a user, which is described so.
#[track_caller]
fn assert_refused(machine: &Machine, (id, description): (u32, &str), user: &str, words: &[&str]) {
    let address = machine.address;
    let expected = format!(
        "error: the server at {address} belongs to {description}\nhint: {USE_OWN}; to use that server on purpose: \
         `export PORT_REGISTRY_ADDR={id}@{address}`"
    );
    let ran = run(machine, user, words);
    assert_eq!(ran.complained(1), expected, "{words:?}");
}

#[test]
fn server_of_another_user_is_sent_nothing() {
    let machine = Machine::new();
    let Some(listener) = listen_as_stranger(machine.address) else {
        return;
    };
    for words in [&["get", "web"][..], &["list"], &["version"], &["health"]] {
        assert_refused(&machine, (STRANGER, "user 54321"), "", words);
    }
    assert_refused(&machine, (STRANGER, "user 54321"), "65534@", &["list"]);
    let status = run(&machine, "", &["status"]);
    assert_eq!(status.stdout, "Server is not running\n");
    let note = format!(
        "note: the server at {} belongs to user 54321\n",
        machine.address
    );
    assert_eq!(status.stderr, note);
    let start = machine.complaint(&["start"]);
    let whose = ", whose server belongs to user 54321\nhint: choose another port: `";
    assert!(start.contains(whose), "{start}");
    let mut connections = 0;
    while let Ok((mut client, _)) = listener.accept() {
        let mut sent = Vec::new();
        // A client that is gone may have reset it.
        let _ = client.read_to_end(&mut sent);
        assert_eq!(String::from_utf8_lossy(&sent), "");
        connections += 1;
    }
    assert!(connections >= 7, "{connections}");
}

/// Copies a program to where every user can run it. Returns `None` if no other user can be tried.
fn open_to_all(sandbox: &Sandbox, program: &Path) -> Option<PathBuf> {
    if !sandbox.admits_nobody() {
        return None;
    }
    let copy = sandbox.path().join(program.file_name().unwrap());
    install(program, &copy);
    Some(copy)
}

#[test]
fn daemon_of_another_user_is_used_if_the_address_or_the_home_folder_is_that_users() {
    let machine = Machine::new();
    let sandbox = &machine.sandbox;
    let Some(program) = open_to_all(sandbox, &PORT_REGISTRY) else {
        return;
    };
    let home = sandbox.path().join("theirs");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), None).unwrap();
    let mut command = sandbox.as_nobody();
    let port = machine.address.port().to_string();
    command.arg(&program).args(["--port", &port]);
    command.env("HOME", &home).env_remove("PORT_REGISTRY_DB");
    let daemon = Daemon::spawn(command.current_dir(&home));
    assert_refused(
        &machine,
        (NOBODY, "user 65534 (nobody)"),
        "",
        &["get", "web"],
    );
    assert_refused(
        &machine,
        (NOBODY, "user 65534 (nobody)"),
        "54321@",
        &["get", "web"],
    );
    let get = |user| run(&machine, user, &["get", "web"]).printed().to_owned();
    let got = ["nobody@", "65534@", "all@"].map(get);
    assert!(!got[0].is_empty());
    assert_eq!(got, [0; 3].map(|_| got[0].clone()));
    let healthy = machine.status(daemon.child.id(), "healthy");
    let status = run(&machine, "nobody@", &["status"]);
    assert_eq!(status.stdout.trim_end(), healthy);
    let mut in_their_home = machine.command(&["status"]);
    in_their_home
        .env("HOME", &home)
        .env_remove("PORT_REGISTRY_DB");
    assert_eq!(Ran::of(&mut in_their_home).printed(), healthy);
}

#[test]
fn socket_of_another_user_is_not_used_except_in_a_folder_of_that_users() {
    let machine = Machine::new();
    let sandbox = &machine.sandbox;
    let Some(program) = open_to_all(sandbox, &program("test-impostor")) else {
        return;
    };
    for (name, owner) in [("shared", None), ("theirs", Some(NOBODY))] {
        let folder = sandbox.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o1777)).unwrap();
        chown(&folder, owner, None).unwrap();
        let socket = folder.join("x.sock");
        let address = format!("unix:{}", socket.display());
        let mut command = sandbox.as_nobody();
        command.arg(&program).arg(&address);
        let answer = claim(&machine, 4711);
        let mut impostor = Helper::spawn(command.arg(answer).current_dir("/"));
        impostor.expect(&format!("listening {}", socket.display()));
        let mut version = machine.command(&["version"]);
        let ran = Ran::of(version.env("PORT_REGISTRY_ADDR", &address));
        if owner.is_some() {
            assert!(ran.printed().contains("(pid 4711)"), "{ran:?}");
        } else {
            let expected = format!(
                "error: the server at {address} belongs to user 65534 (nobody)\nhint: {USE_OWN}"
            );
            assert_eq!(ran.complained(1), expected);
        }
    }
}
