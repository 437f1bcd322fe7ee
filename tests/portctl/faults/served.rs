//! Calls fail, or are the last ones, in a daemon that serves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;

use super::injection::{Fault, Injection, has_failed, is_possible};
use super::told::{complaint, rows};
use test_support::daemon::{Daemon, PORT_REGISTRY, Response};
use test_support::{Ran, Sandbox, soak, wait_until};

/// A daemon that meets faults, and what its registry has to hold.
struct Served {
    sandbox: Sandbox,
    daemon: Daemon,
    services: BTreeSet<String>,
}

/// What a write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    /// It failed, and the answer says that it may have taken effect.
    Unknown,
}

impl Served {
    /// Starts a daemon where there is a registry already, so that it makes few calls before it serves.
    /// It is a child of this process, and strace is not.
    fn start(call: &'static str, fault: Fault, when: &str) -> Served {
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
        Served {
            daemon: Daemon::spawn(&mut command),
            sandbox,
            services: BTreeSet::from(["first".to_owned()]),
        }
    }

    fn allocate(&mut self, service: &str) -> Outcome {
        let answer = self.daemon.ask("POST", "/v1/allocations", &body(service));
        let mut after = self.services.clone();
        after.insert(service.to_owned());
        self.note(outcome(&answer, 201), &after)
    }

    fn release(&mut self, service: &str) -> Outcome {
        let filter = format!(r#"{{"service":"{service}"}}"#);
        let answer = self.daemon.ask("DELETE", "/v1/allocations", &filter);
        let mut after = self.services.clone();
        after.remove(service);
        self.note(outcome(&answer, 200), &after)
    }

    /// Looks whether a write did what it came to, and nothing else.
    #[track_caller]
    fn note(&mut self, outcome: Outcome, after: &BTreeSet<String>) -> Outcome {
        let look = || self.daemon.ask("GET", "/v1/allocations", "");
        // It may meet a fault of its own, but not twice in a row.
        let mut listed = look();
        if listed.status == 500 {
            assert!(listed.body.contains("os error"), "{listed:?}");
            listed = look();
        }
        let listed = listed.json(200);
        let listed = listed.as_array().unwrap().iter();
        let listed: BTreeSet<String> = listed
            .map(|it| it["service"].as_str().unwrap().to_owned())
            .collect();
        match outcome {
            Outcome::Done => assert_eq!(&listed, after),
            Outcome::Failed => assert_eq!(listed, self.services),
            Outcome::Unknown => assert!(listed == *after || listed == self.services, "{listed:?}"),
        }
        self.services = listed;
        outcome
    }

    /// What the registry holds after the daemon has been killed.
    fn killed(mut self) -> BTreeSet<String> {
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

/// Starts a daemon that meets a fault, where there is nothing yet, and ends it when it serves. Tells
/// what it complained of if it did not begin to.
fn start_and_kill(sandbox: &Sandbox, injection: &Injection) -> Result<(), String> {
    let mut command = injection.command(sandbox);
    command.arg("-D").arg(&*PORT_REGISTRY).args(["--port", "0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        said.extend([&*line.unwrap(), "\n"]);
        // One that is killed says no more, but strace has to end as well.
        if said.contains(" listens on ") {
            child.kill().unwrap();
        }
    }
    if said.contains(" listens on ") {
        child.wait().unwrap();
        return Ok(());
    }
    let ran = Ran {
        stdout: String::new(),
        stderr: said,
        code: child.wait().unwrap().code(),
    };
    Err(complaint(&ran).to_owned())
}

fn body(service: &str) -> String {
    format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#)
}

/// What a write came to. If it failed, that is the server's fault, and the answer says why.
#[track_caller]
fn outcome(answer: &Response, success: u16) -> Outcome {
    if answer.status == success {
        return Outcome::Done;
    }
    assert!(answer.status >= 500, "{answer:?}");
    let problem = answer.json(answer.status);
    let error = problem["error"].as_str().unwrap();
    assert!(error.starts_with("the registry at "), "{error}");
    assert!(error.contains("os error"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    if error.contains("it is unknown whether") {
        Outcome::Unknown
    } else {
        Outcome::Failed
    }
}

#[test]
fn a_daemon_answers_for_each_call_that_fails_and_goes_on() {
    if !is_possible() {
        return;
    }
    // Each time at another place in a commit, and with some commits in between that nothing meets.
    for (call, error, when) in [
        ("pwrite64", "EIO", "40+31"),
        ("pwrite64", "ENOSPC", "50+29"),
        ("fdatasync", "EIO", "20+11"),
        ("statx", "EIO", "40+17"),
        ("fcntl", "EIO", "200+43"),
    ] {
        let mut served = Served::start(call, Fault::Error(error), when);
        let mut failures = 0;
        for number in 0..20 * soak() {
            let service = format!("service-{number}");
            if served.allocate(&service) != Outcome::Done {
                failures += 1;
                served.release(&service);
                assert_eq!(served.allocate(&service), Outcome::Done, "{call} {when}");
            }
            if number % 3 == 0 && served.release(&service) != Outcome::Done {
                failures += 1;
                assert_eq!(served.release(&service), Outcome::Done, "{call} {when}");
            }
        }
        // One that took effect all the same is none.
        assert!(has_failed(&served.sandbox), "{call} {error} {when}");
        assert!(failures > 0 || call == "fdatasync", "{call} {error} {when}");
        let held = served.services.clone();
        assert_eq!(served.killed(), held, "{call} {when}");
    }
}

#[test]
fn a_daemon_that_cannot_write_says_so_and_heals_without_a_restart() {
    if !is_possible() {
        return;
    }
    for (call, error, when) in [
        ("pwrite64", "ENOSPC", "30..120"),
        ("fdatasync", "EIO", "15..60"),
        ("fcntl", "EIO", "200..300"),
    ] {
        let mut served = Served::start(call, Fault::Error(error), when);
        let mut services = (0..200).map(|number| format!("service-{number}"));
        let mut next = |served: &mut Served| served.allocate(&services.next().expect(call));
        while next(&mut served) == Outcome::Done {}
        while next(&mut served) != Outcome::Done {}
        served.daemon.ask("GET", "/healthz", "").json(200);
        wait_until("the daemon logs it", || {
            served.daemon.log().contains("the store works again")
        });
        let held = served.services.clone();
        assert_eq!(served.killed(), held, "{call} {when}");
    }
}

#[test]
fn what_a_daemon_acknowledged_outlives_it_whenever_it_is_killed() {
    const CLIENTS: u32 = 4;
    if !is_possible() {
        return;
    }
    for (call, when) in [
        ("pwrite64", 31),
        ("pwrite64", 44),
        ("fdatasync", 9),
        ("fdatasync", 15),
        ("fcntl", 200),
    ] {
        let served = Served::start(call, Fault::Kill, &when.to_string());
        let acknowledged = Mutex::new(served.services.clone());
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (daemon, acknowledged) = (&served.daemon, &acknowledged);
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
        let left = served.killed();
        assert!(acknowledged.is_subset(&left), "{call} {when}");
        // What was on its way may be there too.
        let most = acknowledged.len() + CLIENTS as usize;
        assert!(left.len() <= most, "{call} {when}");
    }
}

#[test]
fn a_daemon_serves_or_says_why_not_whichever_call_fails_as_it_starts() {
    if !is_possible() {
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
        let mut met = 0;
        for number in (1..).step_by(if soak() > 1 { 1 } else { step }) {
            let sandbox = Sandbox::new();
            let injection = Injection {
                call,
                fault: Fault::Error("EIO"),
                when: number.to_string(),
            };
            let started = start_and_kill(&sandbox, &injection);
            if let Err(said) = &started {
                assert!(said.contains("os error 5"), "{injection}: {said}");
            }
            // It is not in the way of the next one.
            let next = Daemon::start(&sandbox);
            next.ask("POST", "/v1/allocations", &body("web")).json(201);
            drop(next);
            assert_eq!(rows(&sandbox).len(), 1);
            if !has_failed(&sandbox) {
                break;
            }
            met += 1;
        }
        assert!(met > 0, "{call} is never called");
    }
}
