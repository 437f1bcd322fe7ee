//! The log's file, and other programs that rotate or remove it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Write, stderr};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::store_files::{journal_of, remove_store};
use test_support::{Ran, STRANGER, Sandbox, wait_until};

use super::fixture::{CLAIM, failure, mode};

/// Size from which the log is rotated.
const ROTATE_BYTES: u64 = 5 << 20;

/// A daemon with a log in a folder of its own.
struct LoggingDaemon {
    sandbox: Sandbox,
    daemon: Daemon,
    log: PathBuf,
}

impl LoggingDaemon {
    fn start() -> LoggingDaemon {
        let sandbox = Sandbox::new();
        let log = sandbox.path().join("logs/ports.log");
        let mut command = sandbox.command(&*PORT_REGISTRY);
        command.args(["--port", "0"]);
        LoggingDaemon {
            daemon: Daemon::spawn_logging(&mut command, &log, &log),
            sandbox,
            log,
        }
    }

    /// Makes the daemon log that its registry was removed.
    fn log_a_line(&self) {
        self.daemon.ask("PUT", "/v1/allocations", CLAIM);
        remove_store(&self.sandbox.store());
        self.daemon.ask("GET", "/v1/allocations", "").json(200);
    }

    /// Waits until the last line of the log is that of [`log_a_line`](Self::log_a_line).
    #[track_caller]
    fn await_line(&self) {
        wait_until("the line is in the log", || {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            text.ends_with("was removed or moved away; the next allocation creates a new one\n")
        });
    }

    /// Returns the log's file as the daemon's standard error.
    #[cfg(target_os = "linux")]
    fn stderr(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/fd/2", self.daemon.child.id())).unwrap()
    }
}

fn old_of(log: &Path) -> PathBuf {
    log.with_file_name("ports.log.old")
}

#[test]
fn log_is_rotated_while_the_daemon_runs() {
    let mut it = LoggingDaemon::start();
    for _ in 0..2 {
        let file = OpenOptions::new().write(true).open(&it.log).unwrap();
        file.set_len(ROTATE_BYTES).unwrap();
        it.log_a_line();
        it.await_line();
        assert_eq!(fs::metadata(old_of(&it.log)).unwrap().len(), ROTATE_BYTES);
        assert_eq!(mode(&it.log), 0o600);
        #[cfg(target_os = "linux")]
        assert_eq!(it.stderr(), it.log);
    }
    assert_eq!(fs::read_dir(it.log.parent().unwrap()).unwrap().count(), 2);
    it.daemon.signal("TERM");
    assert!(it.daemon.wait().success());
    let text = fs::read_to_string(&it.log).unwrap();
    assert!(text.ends_with("port-registry has stopped\n"), "{text}");
}

#[test]
fn log_that_others_rotate_or_remove_is_created_again() {
    let it = LoggingDaemon::start();
    let moved = it.log.with_file_name("moved");
    fs::rename(&it.log, &moved).unwrap();
    it.log_a_line();
    it.await_line();
    assert!(fs::read_to_string(moved).unwrap().contains(" listens on "));
    fs::remove_dir_all(it.log.parent().unwrap()).unwrap();
    it.log_a_line();
    it.await_line();
    assert_eq!(mode(&it.log), 0o600);
    #[cfg(target_os = "linux")]
    assert_eq!(it.stderr(), it.log);
}

/// In a folder that all users can write to, such as `/tmp`.
#[test]
fn link_of_another_user_is_not_followed_at_the_start_nor_later() {
    let it = LoggingDaemon::start();
    let folder = it.log.parent().unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o1777)).unwrap();
    let [moved, victim] = ["moved", "victim"].map(|name| folder.join(name));
    fs::write(&victim, "kept").unwrap();
    fs::rename(&it.log, &moved).unwrap();
    symlink(&victim, &it.log).unwrap();
    if lchown(&it.log, Some(STRANGER), Some(STRANGER)).is_err() {
        let _ = writeln!(stderr(), "skipped: only root can give links away");
        return;
    }
    it.log_a_line();
    wait_until("the line is in the file that the daemon had", || {
        let text = fs::read_to_string(&moved).unwrap();
        text.ends_with("the next allocation creates a new one\n")
    });
    let pidfile = it.sandbox.path().join("other.pid");
    let words = [
        "--port",
        "0",
        "--pidfile",
        pidfile.to_str().unwrap(),
        "--log",
        it.log.to_str().unwrap(),
    ];
    assert_snapshot!(failure(&it.sandbox, &words), @"error: cannot log to [SANDBOX]/logs/ports.log; choose another file with --log; cause: [SANDBOX]/logs/ports.log is a symbolic link of another user, 54321");
    assert_eq!(fs::read(&victim).unwrap(), b"kept");
}

#[test]
fn file_with_another_purpose_is_refused_as_a_log() {
    let it = LoggingDaemon::start();
    let log = it.log.to_str().unwrap().to_owned();
    let pidfile = it.sandbox.path().join("other.pid");
    let pidfile = pidfile.to_str().unwrap();
    let refusal = |log: &str| {
        failure(
            &it.sandbox,
            &["--port", "0", "--pidfile", pidfile, "--log", log],
        )
    };
    assert_snapshot!(refusal(&log), @"error: cannot log to [SANDBOX]/logs/ports.log: it or its .old file is the log of another daemon; choose another file with --log");
    assert_snapshot!(refusal(pidfile), @"error: cannot log to [SANDBOX]/other.pid: it or its .old file is the pidfile; choose another file with --log");
    let store = it.sandbox.store();
    let bytes = fs::read(&store).unwrap();
    assert_snapshot!(refusal(store.to_str().unwrap()), @"error: cannot log to [SANDBOX]/home/.port-registry/ports.redb: it or its .old file is the registry; choose another file with --log");
    assert_eq!(fs::read(&store).unwrap(), bytes);
    let journal = journal_of(&store);
    assert_snapshot!(refusal(journal.to_str().unwrap()), @"error: cannot log to [SANDBOX]/home/.port-registry/ports.redb.journal: it or its .old file is the journal of the registry; choose another file with --log");
    let lock = store.with_file_name("ports.redb.lock");
    assert_snapshot!(refusal(lock.to_str().unwrap()), @"error: cannot log to [SANDBOX]/home/.port-registry/ports.redb.lock: it or its .old file is the lock of the registry; choose another file with --log");
    assert_snapshot!(refusal(it.sandbox.work().to_str().unwrap()), @"error: cannot log to [SANDBOX]/work; choose another file with --log; cause: it is not a file");
    let before = fs::read_to_string(&it.log).unwrap();
    // It is another daemon's as long as that one runs, and not only while it has the name.
    it.log_a_line();
    it.await_line();
    assert!(fs::read_to_string(&it.log).unwrap().starts_with(&before));
}

#[test]
fn error_that_prevents_the_start_is_in_the_log_and_on_standard_error() {
    let sandbox = Sandbox::new();
    let log = sandbox.path().join("ports.log");
    let foreign = sandbox.path().join("foreign");
    fs::write(&foreign, "no registry").unwrap();
    let mut command = sandbox.command(&*PORT_REGISTRY);
    command.args(["--port", "0", "--db"]).arg(&foreign);
    let ran = Ran::of(command.arg("--log").arg(&log));
    let error = ran.complained(1);
    assert!(error.contains("is not a port registry"), "{error}");
    let logged = fs::read_to_string(&log).unwrap();
    assert!(logged.trim_end().ends_with(error.trim_end()), "{logged}");
}
