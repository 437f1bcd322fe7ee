//! Checks of the daemon and its pidfile.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use serde_json::json;

use super::patient::Patient;
use test_support::daemon::Daemon;
use test_support::{free_port, listener};

#[test]
fn daemon_is_described_with_its_differences_from_the_environment() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    let (pid, address) = (daemon.child.id(), daemon.address);
    let findings = patient.examine();
    let version = env!("CARGO_PKG_VERSION");
    let detail = format!("process {pid}, version {version}, at {address}, serving ");
    findings.assert("daemon", "ok", &detail);
    findings.assert(
        "daemon",
        "ok",
        &format!("`export PORT_REGISTRY_ADDR={address}` makes this shell find it"),
    );
    findings.assert("pidfile", "ok", &format!("names process {pid}"));
    findings.assert_ok_except(&[]);
    let findings = patient.examine_with("PORT_REGISTRY_RANGE", "1-65535");
    findings.assert("daemon", "ok", &detail);
    let findings = patient.examine_with("PORT_REGISTRY_RANGE", "4000-4001");
    findings.assert(
        "daemon",
        "warning",
        "allocates ports from 1-65535, not from PORT_REGISTRY_RANGE",
    );
    let findings = patient.examine_with("PORT_REGISTRY_DB", patient.path("other.redb"));
    findings.assert(
        "daemon",
        "warning",
        "serves a different registry than portctl uses here",
    );
    // With PORT_REGISTRY_ADDR, doctor checks the allocations of that daemon.
    let claim = json!({"app": "a", "instance": "i", "service": "s", "dir": "/gone/a"});
    daemon
        .ask("POST", "/v1/allocations", &claim.to_string())
        .json(201);
    let mut command = patient.command();
    command.env("PORT_REGISTRY_ADDR", address.to_string());
    command.env("PORT_REGISTRY_DB", patient.path("other.redb"));
    let findings = patient.examine_by(&mut command);
    findings.assert("daemon", "ok", &detail);
    findings.assert("checkouts", "warning", "/gone/a");
    daemon
        .ask("DELETE", "/v1/allocations", "{\"app\":\"a\"}")
        .json(200);
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", "nonsense");
    findings.assert(
        "daemon",
        "problem",
        "PORT_REGISTRY_ADDR=nonsense cannot be used",
    );
    // The pidfile is overwritten while the daemon runs.
    fs::write(patient.pidfile(), "1\n").unwrap();
    let findings = patient.examine();
    findings.assert(
        "pidfile",
        "warning",
        &format!(
            "names process 1, but {}.lock names process {pid}",
            patient.pidfile().display()
        ),
    );
}

#[test]
fn named_daemon_that_does_not_run_is_a_problem() {
    let patient = Patient::new();
    let address = format!("127.0.0.1:{}", free_port());
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", &address);
    findings.assert(
        "daemon",
        "problem",
        &format!("nothing listens at {address}"),
    );
    assert!(findings.hint("daemon").contains("`portctl start`"));
    let (stranger, port) = listener();
    let address = format!("127.0.0.1:{port}");
    answer_all(
        stranger,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
    );
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", &address);
    findings.assert("daemon", "problem", "is not port-registry");
}

#[test]
fn daemon_of_another_version_is_reported() {
    let patient = Patient::new();
    let (server, port) = listener();
    let pid = std::process::id();
    let body = json!({"version": "9.9.9", "pid": pid, "store": patient.sandbox.store(), "range": "1-65535"});
    let body = body.to_string();
    let length = body.len();
    answer_all(
        server,
        format!(
            "HTTP/1.1 200 OK\r\nX-Port-Registry: 9.9.9; pid={pid}\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    );
    let address = format!("127.0.0.1:{port}");
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", &address);
    findings.assert(
        "daemon",
        "warning",
        "its version is 9.9.9, but portctl is version ",
    );
    assert!(findings.hint("daemon").starts_with("`portctl restart`"));
    // The version is also checked if the daemon is found by its lock.
    fs::create_dir(patient.folder()).unwrap();
    fs::set_permissions(patient.folder(), Permissions::from_mode(0o700)).unwrap();
    let lock = File::create(patient.folder().join("port-registry.pid.lock")).unwrap();
    lock.lock().unwrap();
    writeln!(&lock, "{pid} {address}").unwrap();
    patient
        .examine()
        .assert("daemon", "warning", "its version is 9.9.9");
}

/// Gives every client the same answer until the process ends.
fn answer_all(server: TcpListener, answer: String) {
    thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

pub(super) fn suspended_daemon_is_reported() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    daemon.suspend();
    let findings = patient.examine();
    let detail = format!("process {} holds ", daemon.child.id());
    findings.assert("daemon", "problem", &detail);
    findings.assert("daemon", "problem", "did not answer within 5 s");
    let resume = format!("`kill -CONT {}`", daemon.child.id());
    assert!(findings.hint("daemon").contains(&resume), "{findings:?}");
    findings.assert_ok_except(&[]);
    daemon.signal("CONT");
    drop(daemon);
    // A killed daemon leaves its pidfile behind.
    patient
        .examine()
        .assert("pidfile", "warning", "but no daemon holds ");
}

pub(super) fn suspended_named_daemon_is_reported() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    daemon.suspend();
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", daemon.address.to_string());
    let detail = format!("process {} holds ", daemon.child.id());
    findings.assert("daemon", "problem", &detail);
    daemon.signal("CONT");
}

pub(super) fn daemon_that_never_listens_is_reported() {
    let patient = Patient::new();
    fs::create_dir(patient.folder()).unwrap();
    let lock = File::create(patient.folder().join("port-registry.pid.lock")).unwrap();
    lock.lock().unwrap();
    let findings = patient.examine();
    findings.assert("daemon", "problem", "is still starting after 4 s");
    writeln!(&lock, "4711 127.0.0.1:{}", free_port()).unwrap();
    let findings = patient.examine();
    let nobody = "names process 4711, but no process with this id holds the lock here";
    findings.assert("daemon", "warning", nobody);
    // The process with this id is another one.
    assert!(!findings.hint("daemon").contains("kill"), "{findings:?}");
}

#[test]
fn pidfile_without_a_daemon_is_reported_and_kept() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let pidfile = patient.pidfile();
    for (content, detail) in [
        ("4194305\n", "names process 4194305"),
        ("junk", "names no process"),
    ] {
        fs::write(&pidfile, content).unwrap();
        let findings = patient.examine();
        findings.assert(
            "pidfile",
            "warning",
            &format!("{detail}, but no daemon holds "),
        );
        findings.assert_ok_except(&["pidfile"]);
        let hint = findings.hint("pidfile");
        assert!(
            hint.contains(&format!("`rm {}`", pidfile.display())),
            "{hint}"
        );
    }
    fs::remove_file(&pidfile).unwrap();
    symlink("/dev/zero", &pidfile).unwrap();
    patient
        .examine()
        .assert("pidfile", "warning", "is not a regular file");
    // A daemon that stops cleanly leaves no pidfile.
    fs::remove_file(&pidfile).unwrap();
    let mut daemon = Daemon::start(&patient.sandbox);
    daemon.signal("TERM");
    daemon.wait();
    patient.examine().assert_ok_except(&[]);
}
