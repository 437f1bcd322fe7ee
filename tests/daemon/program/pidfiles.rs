//! Pidfiles and their locks.

use std::fs;

use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use test_support::Sandbox;
use test_support::daemon::Daemon;

use super::fixture::{CLAIM, failure, mode, names_in, pidfile};

#[test]
fn one_daemon_runs_for_a_pidfile_and_the_second_says_so() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let told = failure(&sandbox, &["--port", "0"]).replace(&daemon.child.id().to_string(), "[PID]");
    assert_snapshot!(told, @"error: port-registry is already running as process [PID], by its lock [SANDBOX]/home/.port-registry/port-registry.pid.lock; stop it, or name another place by --pidfile");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(pidfile(&sandbox).exists(), "it is the first one's");

    // By another pidfile it may, on the same store too.
    let elsewhere = sandbox.path().join("deep/down/other.pid");
    let words = ["--pidfile", elsewhere.to_str().unwrap()];
    let other = Daemon::start_with(&sandbox, &words);
    other.ask("POST", "/v1/allocations", CLAIM).json(201);
    daemon.ask("GET", "/v1/allocations/1", "").json(200);
    assert_eq!(mode(elsewhere.parent().unwrap()), 0o700);

    // Killed, it blocks nobody; what it left in the pidfile is of no consequence.
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert!(pidfile(&sandbox).exists());
    let next = Daemon::start(&sandbox);
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", next.child.id()));
}

#[test]
fn whatever_stands_in_the_pidfiles_place_is_replaced_and_not_written_through() {
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
    // A note that another one wrote meanwhile is not this one's to take away.
    let mut daemon = Daemon::start(&sandbox);
    fs::write(pidfile(&sandbox), "1\n").unwrap();
    daemon.signal("TERM");
    daemon.wait();
    assert_eq!(fs::read_to_string(pidfile(&sandbox)).unwrap(), "1\n");
}

#[test]
fn what_is_no_pidfile_is_not_replaced_by_one() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let path = place.to_str().unwrap();
    let words = ["--port", "0", "--pidfile", path];
    for content in ["notes", "12 34", &"1".repeat(40)] {
        fs::write(&place, content).unwrap();
        let told = failure(&sandbox, &words);
        let refusal = "error: [SANDBOX]/place is not a pidfile; it was left as it is, name another place by --pidfile";
        assert_eq!(told, refusal);
        assert_eq!(fs::read_to_string(&place).unwrap(), content);
    }
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(failure(&sandbox, &words).contains("is not a pidfile"));
    assert!(
        failure(&sandbox, &["--port", "0", "--pidfile", "/dev/null"]).contains("is not a pidfile")
    );
    fs::remove_dir(&place).unwrap();
    assert!(names_in(&sandbox.home()).is_empty());
    // Nor is the store, even where it is still to be made.
    let told = failure(&sandbox, &[&words[..], &["--db", path]].concat());
    assert_snapshot!(told, @"error: [SANDBOX]/place cannot be both the registry and the pidfile; choose another pidfile with --pidfile");
    assert!(!place.exists());
    let left = names_in(&sandbox.path());
    assert!(!left.iter().any(|name| name.contains("draft")), "{left:?}");
}

#[test]
fn what_is_no_lock_is_not_written_to() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let lock = sandbox.path().join("place.lock");
    let words = ["--port", "0", "--pidfile", place.to_str().unwrap()];
    let refusal = "error: [SANDBOX]/place.lock is not the lock of a pidfile; it was left as it is, name another place by --pidfile";
    for content in [
        "important",
        "1 2\n3",
        "4711 127.0.0.1:51234",
        "\u{fffd}",
        &"1".repeat(400),
    ] {
        fs::write(&lock, content).unwrap();
        assert_eq!(failure(&sandbox, &words), refusal);
        assert_eq!(fs::read_to_string(&lock).unwrap(), content);
    }
    let important = sandbox.path().join("important");
    for target in [&important, &sandbox.path().join("nothing")] {
        fs::remove_file(&lock).unwrap();
        fs::write(&important, "important").unwrap();
        std::os::unix::fs::symlink(target, &lock).unwrap();
        assert_eq!(failure(&sandbox, &words), refusal);
    }
    assert_eq!(fs::read_to_string(&important).unwrap(), "important");
    assert!(!sandbox.path().join("nothing").exists());
    // What a daemon left that was killed is one.
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "4711 127.0.0.1:51234\n").unwrap();
    let daemon = Daemon::start_with(&sandbox, &words[2..]);
    let line = format!("{} {}\n", daemon.child.id(), daemon.address);
    assert_eq!(fs::read_to_string(&lock).unwrap(), line);
}
