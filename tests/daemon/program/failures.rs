//! Kills, failing disks and a lack of file descriptors.

use std::os::unix::process::CommandExt;

use insta::assert_snapshot;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox};
#[cfg(target_os = "linux")]
use test_support::{free_block, is_available, set_limit, wait_until};

use super::fixture::CLAIM;

#[test]
fn acknowledged_allocations_survive_a_kill() {
    let sandbox = Sandbox::new();
    let mut made = Vec::new();
    for round in 0..5 {
        let mut daemon = Daemon::start(&sandbox);
        let mut client = daemon.client();
        for number in 0..=round * 3 {
            let claim = format!(r#"{{"app":"shop","instance":"i{round}","service":"s{number}"}}"#);
            made.push(client.ask("POST", "/v1/allocations", &claim).json(201));
        }
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
    }
    let daemon = Daemon::start(&sandbox);
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed, serde_json::Value::from(made));
    sandbox.registry().verify().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_may_not_bind_ports_says_so() {
    let sandbox = Sandbox::new();
    // As in a sandbox without network access.
    let strace = || {
        let mut command = sandbox.command("strace");
        command.args(["-f", "-qq", "--signal=none", "-o"]);
        command.arg(sandbox.path().join("calls"));
        command.args(["--trace=bind", "--inject=bind:error=EPERM"]);
        command
    };
    if !is_available("strace", strace().arg("/bin/true")) {
        return;
    }
    let port = free_block(1).to_string();
    let ran = Ran::of(strace().arg(&*PORT_REGISTRY).args(["--port", &port]));
    assert_snapshot!(ran.complained(1), @"error: this process may not bind ports; run it outside of the sandbox; cause: Operation not permitted (os error 1)");
}

#[cfg(target_os = "linux")]
#[test]
fn a_failing_disk_is_reported_until_it_recovers() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("sh");
    // A limit on file sizes stands for a full disk. Without the trap, exceeding it would end the
    // process instead of failing the write.
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" --port 0"])
        .arg(&*PORT_REGISTRY);
    let daemon = Daemon::spawn(command.process_group(0));
    let claim =
        |number: u32| format!(r#"{{"app":"shop","instance":"main","service":"s{number}"}}"#);
    let made = daemon.ask("POST", "/v1/allocations", &claim(1)).json(201);

    set_limit(daemon.child.id(), "fsize", "4096");
    for number in 2..12 {
        let failed = daemon
            .ask("POST", "/v1/allocations", &claim(number))
            .json(500);
        let error = failed["error"].as_str().unwrap();
        assert!(error.starts_with("the registry at "), "{error}");
    }
    let unhealthy = daemon.ask("GET", "/healthz", "").json(503);
    assert_eq!(unhealthy["status"], "error");
    assert!(
        unhealthy["detail"]
            .as_str()
            .unwrap()
            .contains("File too large"),
        "{unhealthy}"
    );
    // Reads, and requests that need no write, still succeed.
    assert_eq!(daemon.ask("GET", "/v1/allocations/1", "").json(200), made);
    assert_eq!(
        daemon.ask("PUT", "/v1/allocations", &claim(1)).json(200),
        made
    );

    set_limit(daemon.child.id(), "fsize", "unlimited");
    assert_eq!(daemon.ask("GET", "/healthz", "").json(200)["status"], "ok");
    assert_eq!(
        daemon.ask("POST", "/v1/allocations", &claim(2)).json(201)["id"],
        2
    );
    // The daemon answers before its line is written.
    wait_until("the recovery is logged", || {
        daemon.log().contains("works again")
    });
    let log = daemon.log();
    assert_eq!(log.matches("File too large").count(), 1, "{log}");
    assert_eq!(log.matches("works again").count(), 1, "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_daemon_survives_a_lack_of_file_descriptors() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    let mut client = daemon.client();
    client.ask("GET", "/healthz", "").json(200);
    set_limit(daemon.child.id(), "nofile", "3");
    // A new connection would need a file descriptor, so this uses the open one.
    let failed = client.ask("GET", "/v1/ports/4000", "").json(500);
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("Too many open files"), "{error}");
    client.ask("GET", "/v1/allocations", "").json(200);
    set_limit(daemon.child.id(), "nofile", "1024");
    daemon.ask("GET", "/v1/ports/4000", "").json(200);

    let mut command = sandbox.command("sh");
    let script = "ulimit -n 10; exec \"$0\" --port 0 --pidfile ./other.pid";
    let ran = Ran::of(command.args(["-c", script]).arg(&*PORT_REGISTRY));
    assert_snapshot!(ran.complained(1), @"error: only 10 files may be open at a time, and the daemon needs 65; raise the limit (ulimit -n)");
}
