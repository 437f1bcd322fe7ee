//! Other users of the machine as clients.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

use serde_json::{Value, json};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{NOBODY, Ran, Sandbox, install, is_available};

/// Returns a sandbox that other users may look into. Returns `None` unless this is root, who can become other users.
fn shared_sandbox() -> Option<Sandbox> {
    let sandbox = Sandbox::in_memory();
    if !sandbox.admits_nobody() {
        return None;
    }
    let mut trial = sandbox.as_nobody();
    let trial = trial.args(["curl", "--version"]).current_dir("/");
    is_available("curl", trial).then_some(sandbox)
}

/// Asks with curl. Returns the status and the body.
fn ask(mut user: Command, words: &[&str]) -> (u16, Value) {
    let options = ["--silent", "--globoff", "--write-out", "%{http_code}"];
    let command = user.arg("curl").args(options).args(words);
    let ran = Ran::of(command.current_dir("/"));
    let (body, status) = ran.printed().rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn other_users_are_refused_and_learn_nothing() {
    let Some(sandbox) = shared_sandbox() else {
        return;
    };
    let daemon = Daemon::start(&sandbox);
    let claim = r#"{"app":"shop","instance":"main","service":"web"}"#;
    let allocated = daemon.ask("POST", "/v1/allocations", claim).json(201);
    let existing = format!("?dir={}", sandbox.home().display());
    let port = daemon.address.port();
    let mut answers = Vec::new();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let url = format!("http://{host}:{port}/v1/allocations");
        for (query, words) in [
            ("", &[][..]),
            (&existing, &[]),
            ("?dir=/home/nobody/nowhere", &[]),
            ("/1", &["--request", "DELETE"]),
            ("", &["--request", "PUT", "--data", claim]),
        ] {
            let url = format!("{url}{query}");
            answers.push(ask(sandbox.as_nobody(), &[words, &[&url]].concat()));
        }
    }
    let (status, refusal) = &answers[0];
    assert_eq!((*status, &refusal["code"]), (403, &json!("forbidden")));
    let text = refusal["error"].as_str().unwrap();
    assert!(text.starts_with("this daemon does not serve user "));
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:#?}");
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed, json!([allocated]));
    assert!(daemon.log().contains(&NOBODY.to_string()));
}

#[test]
fn socket_is_closed_to_other_users_even_in_an_open_folder() {
    let Some(sandbox) = shared_sandbox() else {
        return;
    };
    let _daemon = Daemon::start(&sandbox);
    let folder = sandbox.home().join(".port-registry");
    let socket = folder.join("port-registry.sock");
    let is_reached = |mut user: Command| {
        let command = user.args(["curl", "--silent", "--unix-socket"]);
        let command = command.arg(&socket).arg("http://localhost/healthz");
        Ran::of(command.current_dir("/")).code == Some(0)
    };
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    assert!(!is_reached(sandbox.as_nobody()));
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(socket.metadata().unwrap().mode() & 0o777, 0o600);
    assert!(!is_reached(sandbox.as_nobody()));
    assert!(is_reached(sandbox.command("env")));
}

#[test]
fn users_who_are_allowed_and_root_are_served_by_anothers_daemon() {
    let Some(sandbox) = shared_sandbox() else {
        return;
    };
    chown(sandbox.home(), Some(NOBODY), Some(NOBODY)).unwrap();
    let program = sandbox.path().join("port-registry");
    install(&*PORT_REGISTRY, &program);
    let mut command = sandbox.as_nobody();
    command
        .arg(program)
        .args(["--port", "0", "--allow-users", "1,2"]);
    let daemon = Daemon::spawn(command.current_dir("/"));
    let url = format!("http://{}/healthz", daemon.address);
    let user = |id: u32| {
        let mut command = sandbox.command("setpriv");
        let id = id.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]);
        command
    };
    for served in [0, NOBODY, 1, 2] {
        assert_eq!(ask(user(served), &[&url]).0, 200, "{served}");
    }
    assert_eq!(ask(user(3), &[&url]).0, 403);
}

#[test]
fn root_of_a_user_namespace_is_the_user_who_made_it() {
    let Some(sandbox) = shared_sandbox() else {
        return;
    };
    let daemon = Daemon::start(&sandbox);
    let url = format!("http://{}/healthz", daemon.address);
    let mut inside = sandbox.as_nobody();
    inside.args(["unshare", "--user", "--map-root-user", "--"]);
    let mut trial = sandbox.as_nobody();
    let trial = trial.args(["unshare", "--user", "--map-root-user", "true"]);
    if is_available("a user namespace", trial.current_dir("/")) {
        assert_eq!(ask(inside, &[&url]).0, 403);
    }
}
