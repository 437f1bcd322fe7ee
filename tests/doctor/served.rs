//! The daemon and its pidfile.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;

use serde_json::json;

use crate::daemon::Daemon;
use crate::patient::Patient;
use crate::support::{free_port, listener};

#[test]
fn a_daemon_is_told_with_what_it_does_otherwise() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    let (pid, address) = (daemon.child.id(), daemon.address);
    let findings = patient.examine();
    let version = env!("CARGO_PKG_VERSION");
    let told = format!("process {pid}, version {version}, at {address}, of ");
    findings.assert("daemon", "ok", &told);
    findings.assert(
        "daemon",
        "ok",
        &format!("need PORT_REGISTRY_ADDR={address} to find it"),
    );
    findings.assert("pidfile", "ok", &format!("names process {pid}"));
    findings.assert_well_but_for(&[]);
    let findings = patient.examine_with("PORT_REGISTRY_RANGE", "1-65535");
    findings.assert("daemon", "ok", &told);
    let findings = patient.examine_with("PORT_REGISTRY_RANGE", "4000-4001");
    findings.assert("daemon", "warning", "chooses from the ports 1-65535");
    let findings = patient.examine_with("PORT_REGISTRY_DB", patient.path("other.redb"));
    findings.assert(
        "daemon",
        "warning",
        "serves another registry than this portctl would use",
    );
    // A daemon that was named is the one that is used, with its allocations.
    let claim = json!({"app": "a", "instance": "i", "service": "s", "dir": "/gone/a"});
    daemon
        .ask("POST", "/v1/allocations", &claim.to_string())
        .json(201);
    let mut command = patient.command();
    command.env("PORT_REGISTRY_ADDR", address.to_string());
    command.env("PORT_REGISTRY_DB", patient.path("other.redb"));
    let findings = patient.examine_by(&mut command);
    findings.assert("daemon", "ok", &told);
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
    // A pidfile that was written over while it runs.
    fs::write(patient.pidfile(), "1\n").unwrap();
    let findings = patient.examine();
    findings.assert(
        "pidfile",
        "warning",
        &format!("names process 1, but the daemon is process {pid}"),
    );
}

#[test]
fn a_daemon_that_was_named_has_to_be_there() {
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
fn a_daemon_of_another_version_is_told() {
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
        "it is of version 9.9.9, and portctl of ",
    );
    assert!(findings.hint("daemon").starts_with("`portctl restart`"));
    // The same by its lock.
    fs::create_dir(patient.folder()).unwrap();
    fs::set_permissions(patient.folder(), Permissions::from_mode(0o700)).unwrap();
    let lock = File::create(patient.folder().join("port-registry.pid.lock")).unwrap();
    lock.lock().unwrap();
    writeln!(&lock, "{pid} {address}").unwrap();
    patient
        .examine()
        .assert("daemon", "warning", "it is of version 9.9.9");
}

/// Gives everybody the same answer, until the process ends.
fn answer_all(server: TcpListener, answer: String) {
    thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

/// Each of these waits for seconds, so all of them do at once.
#[test]
fn a_daemon_that_is_there_and_does_not_answer_is_a_problem() {
    thread::scope(|scope| {
        scope.spawn(one_holds_its_lock_and_does_not_answer);
        scope.spawn(one_was_named_and_does_not_answer);
        scope.spawn(one_does_not_come_to_listen);
    });
}

fn one_holds_its_lock_and_does_not_answer() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    daemon.signal("STOP");
    let findings = patient.examine();
    let told = format!("process {} holds ", daemon.child.id());
    findings.assert("daemon", "problem", &told);
    findings.assert("daemon", "problem", "did not answer within 5 s");
    assert!(findings.hint("daemon").contains("kill -CONT"));
    findings.assert_well_but_for(&[]);
    daemon.signal("CONT");
    drop(daemon);
    // It was killed, and so left its pidfile.
    patient
        .examine()
        .assert("pidfile", "warning", "but no daemon holds ");
}

fn one_was_named_and_does_not_answer() {
    let patient = Patient::new();
    let daemon = Daemon::start(&patient.sandbox);
    daemon.signal("STOP");
    let findings = patient.examine_with("PORT_REGISTRY_ADDR", daemon.address.to_string());
    let told = format!("process {} holds ", daemon.child.id());
    findings.assert("daemon", "problem", &told);
    daemon.signal("CONT");
}

fn one_does_not_come_to_listen() {
    let patient = Patient::new();
    fs::create_dir(patient.folder()).unwrap();
    let lock = File::create(patient.folder().join("port-registry.pid.lock")).unwrap();
    lock.lock().unwrap();
    let findings = patient.examine();
    findings.assert("daemon", "problem", "has been starting for 4 s");
    writeln!(&lock, "4711 127.0.0.1:{}", free_port()).unwrap();
    let findings = patient.examine();
    findings.assert("daemon", "problem", "process 4711 holds ");
    findings.assert("daemon", "problem", "but nothing listens at ");
}

#[test]
fn a_pidfile_without_a_daemon_is_told_and_kept() {
    let patient = Patient::new();
    patient.allocate("web", None);
    let pidfile = patient.pidfile();
    for (content, told) in [
        ("4194305\n", "names process 4194305"),
        ("junk", "names no process"),
    ] {
        fs::write(&pidfile, content).unwrap();
        let findings = patient.examine();
        findings.assert(
            "pidfile",
            "warning",
            &format!("{told}, but no daemon holds "),
        );
        findings.assert_well_but_for(&["pidfile"]);
        let hint = findings.hint("pidfile");
        assert!(
            hint.contains(&format!("`rm {}`", pidfile.display())),
            "{hint}"
        );
    }
    fs::remove_file(&pidfile).unwrap();
    symlink("/dev/zero", &pidfile).unwrap();
    patient.examine().assert("pidfile", "warning", "is no file");
    // What a daemon leaves that ends as it should.
    fs::remove_file(&pidfile).unwrap();
    let mut daemon = Daemon::start(&patient.sandbox);
    daemon.signal("TERM");
    daemon.wait();
    patient.examine().assert_well_but_for(&[]);
}
