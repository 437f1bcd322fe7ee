//! Servers and daemons of other users at the address that `PORT_REGISTRY_ADDR` names.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown, fchown};
use std::path::Path;

use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{NOBODY, Ran, is_available};

use crate::machine::Machine;

const SKIPPED: &[u8] = b"skipped: only root can make servers of other users\n";

/// Listens as another user, as the kernel sees it. Returns `None` if only root can.
fn listen_as_nobody(address: SocketAddr) -> Option<TcpListener> {
    let listener = TcpListener::bind(address).unwrap();
    match fchown(&listener, Some(NOBODY), None) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let _ = io::stderr().write_all(SKIPPED);
            return None;
        }
        given => given.unwrap(),
    }
    listener.set_nonblocking(true).unwrap();
    Some(listener)
}

/// Runs portctl with the machine's address, as the daemon's of a user.
fn run(machine: &Machine, user: &str, words: &[&str]) -> Ran {
    let address = format!("{user}{}", machine.address);
    Ran::of(machine.command(words).env("PORT_REGISTRY_ADDR", address))
}

#[track_caller]
fn assert_refused(machine: &Machine, user: &str, words: &[&str]) {
    let address = machine.address;
    let expected = format!(
        "error: the server at {address} belongs to user 65534 (nobody)\n\
         hint: if you use that user's registry, `export PORT_REGISTRY_ADDR=65534@{address}` says so; after `unset \
         PORT_REGISTRY_ADDR` portctl uses this user's own registry, without a daemon"
    );
    let ran = run(machine, user, words);
    assert_eq!(ran.complained(1), expected, "{words:?}");
}

#[test]
fn server_of_another_user_is_sent_nothing() {
    let machine = Machine::new();
    let Some(listener) = listen_as_nobody(machine.address) else {
        return;
    };
    for words in [&["get", "web"][..], &["list"], &["version"], &["health"]] {
        assert_refused(&machine, "", words);
    }
    assert_refused(&machine, "54321@", &["list"]);
    let status = run(&machine, "", &["status"]);
    assert_eq!(status.stdout, "Server is not running\n");
    let note = format!(
        "note: the server at {} belongs to user 65534 (nobody)\n",
        machine.address
    );
    assert_eq!(status.stderr, note);
    let start = machine.complaint(&["start"]);
    let whose = ", whose server belongs to user 65534 (nobody)\nhint: choose another port: `";
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

#[test]
fn daemon_of_another_user_is_used_if_the_address_names_the_user() {
    let machine = Machine::new();
    let sandbox = &machine.sandbox;
    let folder = sandbox.path();
    // Every user can reach the copy.
    let program = folder.join("port-registry");
    fs::copy(&*PORT_REGISTRY, &program).unwrap();
    let home = folder.join("theirs");
    fs::create_dir(&home).unwrap();
    if chown(&home, Some(NOBODY), None).is_err() {
        let _ = io::stderr().write_all(SKIPPED);
        return;
    }
    let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o755));
    open(&folder).unwrap();
    open(&program).unwrap();
    let mut trial = sandbox.as_nobody();
    if !is_available(
        "the daemon as another user, by setpriv",
        trial.arg(&program).arg("--version").current_dir("/"),
    ) {
        return;
    }
    let mut command = sandbox.as_nobody();
    let port = machine.address.port().to_string();
    command.arg(&program).args(["--port", &port]);
    command.env("HOME", &home).env_remove("PORT_REGISTRY_DB");
    let _daemon = Daemon::spawn(command.current_dir(&home));
    assert_refused(&machine, "", &["get", "web"]);
    assert_refused(&machine, "54321@", &["get", "web"]);
    let get = |user| run(&machine, user, &["get", "web"]).printed().to_owned();
    let got = ["nobody@", "65534@", "all@"].map(get);
    assert!(!got[0].is_empty());
    assert_eq!(got, [0; 3].map(|_| got[0].clone()));
    let status = run(&machine, "nobody@", &["status"]);
    let at = format!(" healthy at http://{}\n", machine.address);
    assert!(status.stdout.ends_with(&at), "{status:?}");
}
