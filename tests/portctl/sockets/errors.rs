//! Sockets that lead to no daemon.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

fn complaint(sandbox: &Sandbox, mut command: Command, address: &str) -> String {
    let ran = Ran::of(
        command
            .env("PORT_REGISTRY_ADDR", address)
            .args(["get", "web"]),
    );
    let complaint = ran.complained(1).to_owned();
    complaint.replace(sandbox.path().to_str().unwrap(), "[SANDBOX]")
}

#[test]
fn each_problem_with_a_socket_is_named_with_its_fix() {
    let sandbox = Sandbox::new();
    let complaint = |address: &str| complaint(&sandbox, sandbox.command(PORTCTL), address);
    let at = |path: &Path| format!("unix:{}", path.display());
    let start = "hint: `PORT_REGISTRY_ADDR= portctl start` starts a daemon, which makes its socket itself; \
                 after `unset PORT_REGISTRY_ADDR` none is needed";
    let missing = sandbox.path().join("missing.sock");
    assert_eq!(
        complaint(&at(&missing)),
        format!(
            "error: nothing listens at unix:[SANDBOX]/missing.sock: there is no such socket\n{start}"
        )
    );
    let stale = sandbox.path().join("stale.sock");
    drop(UnixListener::bind(&stale).unwrap());
    assert_eq!(
        complaint(&at(&stale)),
        format!(
            "error: nothing listens at unix:[SANDBOX]/stale.sock: the daemon that made this socket has ended\n{start}"
        )
    );
    let file = sandbox.path().join("file");
    fs::write(&file, "").unwrap();
    for not_a_socket in [&file, &sandbox.work()] {
        let complaint = complaint(&at(not_a_socket));
        assert!(
            complaint.contains(": it is not a socket\nhint: correct the path in "),
            "{complaint}"
        );
    }
    for (address, problem) in [
        (
            "unix:",
            "after unix: follows the absolute path of the daemon's socket",
        ),
        (
            "unix:x.sock",
            "the path after unix: must be absolute; ~ and variables are not expanded there",
        ),
        (
            "unix:~/x.sock",
            "the path after unix: must be absolute; ~ and variables are not expanded there",
        ),
        (
            "unix:///x.sock",
            "the path of the socket follows unix: with a single slash, such as unix:/home/me/registry.sock",
        ),
    ] {
        let expected = format!("error: PORT_REGISTRY_ADDR={address} cannot be used: {problem}");
        assert_eq!(complaint(address), expected);
    }
    let long = format!("unix:/{}", "x".repeat(120));
    assert!(
        complaint(&long).contains("the path of the socket has 121 bytes, but the system allows 10")
    );
}

#[test]
fn socket_of_another_user_is_refused_by_its_permissions() {
    let sandbox = Sandbox::new();
    if !sandbox.admits_nobody() {
        return;
    }
    let socket = sandbox.path().join("private.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o600)).unwrap();
    let copy = sandbox.path().join("portctl");
    test_support::install(PORTCTL, &copy);
    let mut command = sandbox.as_nobody();
    command.arg(&copy);
    let address = format!("unix:{}", socket.display());
    let complaint = complaint(&sandbox, command, &address);
    assert_eq!(
        complaint,
        "error: cannot connect to unix:[SANDBOX]/private.sock: the system denies access to the socket\n\
         hint: only the daemon's own user may use its socket, and a sandbox has to allow it; \
         after `unset PORT_REGISTRY_ADDR` no daemon is needed"
    );
}
