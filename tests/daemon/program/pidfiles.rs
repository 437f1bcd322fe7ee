//! Pidfiles and their locks.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use test_support::Sandbox;
use test_support::daemon::Daemon;

use super::fixture::{CLAIM, failure, file_names, mode, pidfile};

#[test]
fn a_second_daemon_for_a_pidfile_names_the_first() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let message =
        failure(&sandbox, &["--port", "0"]).replace(&daemon.child.id().to_string(), "[PID]");
    assert_snapshot!(message, @"error: port-registry is already running as process [PID], by its lock [SANDBOX]/home/.port-registry/port-registry.pid.lock; use that daemon, or choose another pidfile with --pidfile");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(
        pidfile(&sandbox).exists(),
        "the refused daemon removed the pidfile of the first"
    );

    // With another pidfile, a second daemon may even use the same store.
    let elsewhere = sandbox.path().join("deep/down/other.pid");
    let args = ["--pidfile", elsewhere.to_str().unwrap()];
    let other = Daemon::start_with(&sandbox, &args);
    other.ask("POST", "/v1/allocations", CLAIM).json(201);
    daemon.ask("GET", "/v1/allocations/1", "").json(200);
    assert_eq!(mode(elsewhere.parent().unwrap()), 0o700);

    // The pidfile of a killed daemon blocks nobody, because only the lock counts.
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert!(pidfile(&sandbox).exists());
    let next = Daemon::start(&sandbox);
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", next.child.id()));
}

#[test]
fn a_pidfile_that_is_a_link_is_replaced_and_its_target_kept() {
    let sandbox = Sandbox::new();
    let precious = sandbox.path().join("precious");
    fs::create_dir(pidfile(&sandbox).parent().unwrap()).unwrap();
    for content in ["1\n", "", "not a number", "99999999999"] {
        fs::write(&precious, content).unwrap();
        symlink(&precious, pidfile(&sandbox)).unwrap();
        let mut daemon = Daemon::start(&sandbox);
        assert!(!pidfile(&sandbox).is_symlink());
        let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
        assert_eq!(pid, format!("{}\n", daemon.child.id()));
        daemon.signal("TERM");
        daemon.wait();
        assert_eq!(fs::read_to_string(&precious).unwrap(), content);
    }
    // Never remove a pidfile that another process has rewritten.
    let mut daemon = Daemon::start(&sandbox);
    fs::write(pidfile(&sandbox), "1\n").unwrap();
    daemon.signal("TERM");
    daemon.wait();
    assert_eq!(fs::read_to_string(pidfile(&sandbox)).unwrap(), "1\n");
}

#[test]
fn foreign_files_are_never_replaced_by_a_pidfile() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let path = place.to_str().unwrap();
    let args = ["--port", "0", "--pidfile", path];
    for content in ["notes", "12 34", &"1".repeat(40)] {
        fs::write(&place, content).unwrap();
        let message = failure(&sandbox, &args);
        let refusal = "error: [SANDBOX]/place is not a pidfile; it was left unchanged; choose another pidfile with --pidfile";
        assert_eq!(message, refusal);
        assert_eq!(fs::read_to_string(&place).unwrap(), content);
    }
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(failure(&sandbox, &args).contains("is not a pidfile"));
    assert!(
        failure(&sandbox, &["--port", "0", "--pidfile", "/dev/null"]).contains("is not a pidfile")
    );
    fs::remove_dir(&place).unwrap();
    assert!(file_names(&sandbox.home()).is_empty());
    // Never replace the store either, even if it does not exist yet.
    let message = failure(&sandbox, &[&args[..], &["--db", path]].concat());
    assert_snapshot!(message, @"error: [SANDBOX]/place cannot be both the registry and the pidfile; choose another pidfile with --pidfile");
    assert!(!place.exists());
    let left = file_names(&sandbox.path());
    assert!(!left.iter().any(|name| name.contains("draft")), "{left:?}");
}

#[test]
fn foreign_files_are_never_used_as_the_lock() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let lock = sandbox.path().join("place.lock");
    let args = ["--port", "0", "--pidfile", place.to_str().unwrap()];
    let refusal = "error: [SANDBOX]/place.lock is not the lock of a pidfile; it was left unchanged; choose another pidfile with --pidfile";
    for content in [
        "important",
        "1 2\n3",
        "4711 127.0.0.1:51234",
        "\u{fffd}",
        &"1".repeat(400),
    ] {
        fs::write(&lock, content).unwrap();
        assert_eq!(failure(&sandbox, &args), refusal);
        assert_eq!(fs::read_to_string(&lock).unwrap(), content);
    }
    let important = sandbox.path().join("important");
    for target in [&important, &sandbox.path().join("nothing")] {
        fs::remove_file(&lock).unwrap();
        fs::write(&important, "important").unwrap();
        std::os::unix::fs::symlink(target, &lock).unwrap();
        assert_eq!(failure(&sandbox, &args), refusal);
    }
    assert_eq!(fs::read_to_string(&important).unwrap(), "important");
    assert!(!sandbox.path().join("nothing").exists());
    // The lock file of a killed daemon is taken over.
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "4711 127.0.0.1:51234\n").unwrap();
    let daemon = Daemon::start_with(&sandbox, &args[2..]);
    let line = format!("{} {}\n", daemon.child.id(), daemon.address);
    assert_eq!(fs::read_to_string(&lock).unwrap(), line);
}
