//! System calls fail, or the process is killed at one, in a running daemon.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;

use super::injection::{InjectedFault, Injection, can_inject, has_failed};
use super::observed::{error_line, rows};
use test_support::daemon::{Daemon, PORT_REGISTRY, Response};
use test_support::{Ran, Sandbox, soak, wait_until};

/// A daemon with injected faults, and the services that its registry must contain.
struct FaultyDaemon {
    sandbox: Sandbox,
    daemon: Daemon,
    services: BTreeSet<String>,
    /// The services after the next write, without its change: more than one set after a write of unknown outcome.
    possible: Vec<BTreeSet<String>>,
}

/// Outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteOutcome {
    Done,
    Failed,
    /// The write failed, and the answer says that it may have taken effect.
    Unknown,
}

impl FaultyDaemon {
    /// Starts a daemon on an existing registry, so that it makes few calls before it listens.
    ///
    /// `strace -D` makes the daemon a direct child of this process.
    fn start(call: &'static str, fault: InjectedFault, when: &str) -> FaultyDaemon {
        let sandbox = Sandbox::new();
        let mut daemon = Daemon::start(&sandbox);
        daemon
            .ask("POST", "/v1/allocations", &body("first"))
            .json(201);
        daemon.signal("TERM");
        assert!(daemon.wait().success());
        let injection = Injection {
            call,
            fault,
            when: when.to_owned(),
        };
        let mut command = injection.command(&sandbox);
        command.arg("-D").arg(&*PORT_REGISTRY).args(["--port", "0"]);
        FaultyDaemon {
            daemon: Daemon::spawn(&mut command),
            sandbox,
            services: BTreeSet::from(["first".to_owned()]),
            possible: vec![BTreeSet::from(["first".to_owned()])],
        }
    }

    fn allocate(&mut self, service: &str) -> WriteOutcome {
        let answer = self.daemon.ask("POST", "/v1/allocations", &body(service));
        let mut after = self.possible.clone();
        for services in &mut after {
            services.insert(service.to_owned());
        }
        self.check(outcome(&answer, 201), after)
    }

    fn release(&mut self, service: &str) -> WriteOutcome {
        let filter = format!(r#"{{"service":"{service}"}}"#);
        let answer = self.daemon.ask("DELETE", "/v1/allocations", &filter);
        let mut after = self.possible.clone();
        for services in &mut after {
            services.remove(service);
        }
        self.check(outcome(&answer, 200), after)
    }

    /// Asserts that the registry's services match the outcome of a write, which would lead to one of these sets, and records
    /// them.
    #[track_caller]
    fn check(&mut self, outcome: WriteOutcome, after: Vec<BTreeSet<String>>) -> WriteOutcome {
        let list = || self.daemon.ask("GET", "/v1/allocations", "");
        // Listing may meet a fault, but not twice in a row.
        let mut listed = list();
        if listed.status == 500 {
            assert!(listed.body.contains("os error"), "{listed:?}");
            listed = list();
        }
        let listed = listed.json(200);
        let listed = listed.as_array().unwrap().iter();
        let listed: BTreeSet<String> = listed
            .map(|it| it["service"].as_str().unwrap().to_owned())
            .collect();
        let mut possible = match outcome {
            WriteOutcome::Done => after,
            WriteOutcome::Failed => self.possible.clone(),
            WriteOutcome::Unknown => [self.possible.clone(), after].concat(),
        };
        assert!(possible.contains(&listed), "{outcome:?} {listed:?}");
        // A change of unknown outcome may take effect at the next attempt to write.
        if outcome == WriteOutcome::Done || listed != self.services {
            possible = vec![listed.clone()];
        }
        self.possible = possible;
        self.services = listed;
        outcome
    }

    /// Kills the daemon, and returns the services in the registry.
    fn kill(mut self) -> BTreeSet<String> {
        let _ = self.daemon.child.kill();
        self.daemon.wait();
        assert!(
            !self.daemon.log().contains("panicked"),
            "{}",
            self.daemon.log()
        );
        rows(&self.sandbox).into_iter().map(|row| row.1).collect()
    }
}

/// Starts a daemon with a fault on an empty home, and kills it once it listens. Returns its error message if it
/// did not start to listen.
fn start_and_kill(sandbox: &Sandbox, injection: &Injection) -> Result<(), String> {
    let mut command = injection.command(sandbox);
    command.arg("-D").arg(&*PORT_REGISTRY).args(["--port", "0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        stderr.extend([&*line.unwrap(), "\n"]);
        // Keep reading until the pipe closes, because strace has to end, too.
        if stderr.contains(" listens on ") {
            child.kill().unwrap();
        }
    }
    if stderr.contains(" listens on ") {
        child.wait().unwrap();
        return Ok(());
    }
    let ran = Ran {
        stdout: String::new(),
        stderr,
        code: child.wait().unwrap().code(),
    };
    Err(error_line(&ran).to_owned())
}

fn body(service: &str) -> String {
    format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#)
}

/// Reads the outcome of a write. Asserts that a failure has a 5xx status and an error with its cause.
#[track_caller]
fn outcome(answer: &Response, success: u16) -> WriteOutcome {
    if answer.status == success {
        return WriteOutcome::Done;
    }
    assert!(answer.status >= 500, "{answer:?}");
    let problem = answer.json(answer.status);
    let error = problem["error"].as_str().unwrap();
    assert!(error.starts_with("the registry at "), "{error}");
    assert!(error.contains("os error"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    if error.contains("it is unknown whether") {
        WriteOutcome::Unknown
    } else {
        WriteOutcome::Failed
    }
}

#[test]
fn daemon_answers_correctly_under_repeated_faults() {
    if !can_inject() {
        return;
    }
    // The intervals hit different calls of a commit, and leave some commits without a fault.
    for (call, error, when) in [
        ("pwrite64", "EIO", "11+13"),
        ("pwrite64", "ENOSPC", "13+11"),
        ("fdatasync", "EIO", "8+7"),
        ("statx", "EIO", "40+17"),
        ("fcntl", "EIO", "40+13"),
    ] {
        let mut faulty = FaultyDaemon::start(call, InjectedFault::Error(error), when);
        let mut failures = 0;
        for number in 0..20 * soak() {
            let service = format!("service-{number}");
            if faulty.allocate(&service) != WriteOutcome::Done {
                failures += 1;
                faulty.release(&service);
                assert_eq!(
                    faulty.allocate(&service),
                    WriteOutcome::Done,
                    "{call} {when}"
                );
            }
            if number % 3 == 0 && faulty.release(&service) != WriteOutcome::Done {
                failures += 1;
                assert_eq!(
                    faulty.release(&service),
                    WriteOutcome::Done,
                    "{call} {when}"
                );
            }
        }
        // If the identity of a file cannot be read, it is opened again.
        assert!(has_failed(&faulty.sandbox), "{call} {error} {when}");
        assert!(failures > 0 || call == "statx", "{call} {error} {when}");
        let held = faulty.services.clone();
        assert_eq!(faulty.kill(), held, "{call} {when}");
    }
}

#[test]
fn daemon_reports_failing_writes_and_recovers_without_a_restart() {
    if !can_inject() {
        return;
    }
    for (call, error, when) in [
        ("pwrite64", "ENOSPC", "30..120"),
        ("fdatasync", "EIO", "15..60"),
        ("fcntl", "EIO", "200..300"),
    ] {
        let mut faulty = FaultyDaemon::start(call, InjectedFault::Error(error), when);
        let mut services = (0..200).map(|number| format!("service-{number}"));
        let mut next = |faulty: &mut FaultyDaemon| faulty.allocate(&services.next().expect(call));
        while next(&mut faulty) == WriteOutcome::Done {}
        while next(&mut faulty) != WriteOutcome::Done {}
        faulty.daemon.ask("GET", "/healthz", "").json(200);
        wait_until("the daemon logs that the store works again", || {
            faulty.daemon.log().contains("the store works again")
        });
        let held = faulty.services.clone();
        assert_eq!(faulty.kill(), held, "{call} {when}");
    }
}

#[test]
fn acknowledged_changes_survive_a_daemon_killed_at_any_call() {
    const CLIENTS: u32 = 4;
    if !can_inject() {
        return;
    }
    for (call, when) in [
        ("pwrite64", 31),
        ("pwrite64", 44),
        ("fdatasync", 9),
        ("fdatasync", 15),
        ("fcntl", 200),
    ] {
        let faulty = FaultyDaemon::start(call, InjectedFault::Kill, &when.to_string());
        let acknowledged = Mutex::new(faulty.services.clone());
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (daemon, acknowledged) = (&faulty.daemon, &acknowledged);
                scope.spawn(move || {
                    let mut connection = daemon.client();
                    for number in 0..200 {
                        let service = format!("service-{client}-{number}");
                        connection.post(&body(&service));
                        let Ok(answer) = connection.try_receive("POST") else {
                            return;
                        };
                        answer.json(201);
                        acknowledged.lock().unwrap().insert(service);
                    }
                    panic!("nothing killed the daemon: {call} {when}");
                });
            }
        });
        let acknowledged = acknowledged.into_inner().unwrap();
        let left = faulty.kill();
        assert!(acknowledged.is_subset(&left), "{call} {when}");
        // Each client may have had one more request in progress.
        let most = acknowledged.len() + CLIENTS as usize;
        assert!(left.len() <= most, "{call} {when}");
    }
}

#[test]
fn daemon_starts_or_reports_the_cause_if_a_call_fails_at_startup() {
    if !can_inject() {
        return;
    }
    for (call, step) in [
        ("pwrite64", 22),
        ("fdatasync", 8),
        ("openat", 2),
        ("?mkdir,?mkdirat", 1),
        ("?rename,?renameat,?renameat2", 1),
        ("flock", 4),
        ("fsync", 1),
        ("statx", 3),
    ] {
        let mut faults = 0;
        for number in (1..).step_by(if soak() > 1 { 1 } else { step }) {
            let sandbox = Sandbox::new();
            let injection = Injection {
                call,
                fault: InjectedFault::Error("EIO"),
                when: number.to_string(),
            };
            let started = start_and_kill(&sandbox, &injection);
            if let Err(message) = &started {
                assert!(message.contains("os error 5"), "{injection}: {message}");
            }
            // The failed daemon must not block the next one.
            let next = Daemon::start(&sandbox);
            next.ask("POST", "/v1/allocations", &body("web")).json(201);
            drop(next);
            assert_eq!(rows(&sandbox).len(), 1);
            if !has_failed(&sandbox) {
                break;
            }
            faults += 1;
        }
        assert!(faults > 0, "{call} is never called");
    }
}
