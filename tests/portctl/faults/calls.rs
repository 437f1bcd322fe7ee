//! A system call fails, or the process is killed at it, while `portctl` changes the store.

use std::fs;

use port_registry::{Claim, Port, ServiceKey};

use super::injection::{InjectedFault, Injection, can_inject, has_failed, recorded_calls};
use super::observed::{HeldRows, error_line, rows};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block, soak};

/// Number of ports in the range.
const PORTS: u16 = 8;

/// System calls to fail, each with a step. A step of 4 injects a fault into every fourth call.
const CALLS: [(&str, usize); 8] = [
    ("pwrite64", 4),
    ("fdatasync", 2),
    ("ftruncate", 1),
    ("openat", 1),
    ("flock", 3),
    ("fcntl", 11),
    ("pread64", 7),
    ("statx", 5),
];

/// Like [`CALLS`], for the calls that create the store.
const CALLS_OF_CREATION: [(&str, usize); 5] = [
    ("?mkdir,?mkdirat", 1),
    ("fsync", 1),
    ("?rename,?renameat,?renameat2", 1),
    ("?unlink,?unlinkat", 1),
    ("read", 1),
];

/// Number of calls that a fault affects.
#[derive(Clone, Copy, Debug)]
enum FaultDuration {
    /// One call.
    Once,
    /// The call and all later ones.
    Lasting,
}

/// A command that changes the store, and its expected effects.
struct WriteCommand {
    words: &'static [&'static str],
    range: String,
    /// Contains the store before the command, if there was one.
    origin: Sandbox,
    before: HeldRows,
    after: HeldRows,
    /// Standard output of the command.
    printed: String,
}

impl WriteCommand {
    /// Runs a command without faults, on a store where these services have ports, to record its effects.
    fn new(services: &[&str], words: &'static [&'static str]) -> WriteCommand {
        let first = free_block(PORTS);
        let mut command = WriteCommand {
            words,
            range: format!("{first}-{}", first + PORTS - 1),
            origin: Sandbox::in_memory(),
            before: HeldRows::new(),
            after: HeldRows::new(),
            printed: String::new(),
        };
        if !services.is_empty() {
            allocate_ports(&command.origin, services, first);
            command.before = rows(&command.origin);
        }
        let sandbox = command.sandbox();
        let ran = command.run(&sandbox, words);
        ran.printed().clone_into(&mut command.printed);
        command.after = rows(&sandbox);
        assert_ne!(command.after, command.before);
        command
    }

    /// Creates a sandbox with the store as it was before the command.
    fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::in_memory();
        if self.origin.store().exists() {
            fs::create_dir(sandbox.store().parent().unwrap()).unwrap();
            fs::copy(self.origin.store(), sandbox.store()).unwrap();
        }
        sandbox
    }

    fn run(&self, sandbox: &Sandbox, words: &[&str]) -> Ran {
        let mut command = sandbox.command(PORTCTL);
        command
            .env("PORT_REGISTRY_RANGE", &self.range)
            .env("PATH", "/nowhere");
        Ran::of(command.args(words))
    }

    /// Runs the command with a fault.
    fn run_with(&self, injection: &Injection, sandbox: &Sandbox) -> Ran {
        let mut command = injection.command(sandbox);
        command.env("PORT_REGISTRY_RANGE", &self.range);
        Ran::of(command.arg(PORTCTL).args(self.words))
    }

    /// Injects a fault into one call after another until the command makes no further call. Returns the number of
    /// faults.
    fn inject(
        &self,
        call: &'static str,
        fault: InjectedFault,
        duration: FaultDuration,
        step: usize,
    ) -> usize {
        let step = if soak() > 1 { 1 } else { step };
        let injection = |number: usize| Injection {
            call,
            fault,
            when: match duration {
                FaultDuration::Once => number.to_string(),
                FaultDuration::Lasting => format!("{number}+"),
            },
        };
        (1..)
            .step_by(step)
            .take_while(|&number| self.inject_one(&injection(number)))
            .count()
    }

    /// Runs the command with a fault. Asserts that the store matches the command's answer, and that the next
    /// command works. Returns false if the command ended without a fault.
    fn inject_one(&self, injection: &Injection) -> bool {
        let sandbox = self.sandbox();
        let ran = self.run_with(injection, &sandbox);
        let was_injected = match injection.fault {
            InjectedFault::Error(_) => has_failed(&sandbox),
            InjectedFault::Kill => ran.code.is_none(),
        };
        let held = self.held(&sandbox);
        let context = format!("{injection}: {ran:?}, {held:?}");
        // If a signal killed the program, strace kills itself with the same signal.
        let is_done = match ran.code {
            Some(0) => {
                assert_eq!(ran.printed(), self.printed, "{context}");
                true
            }
            None if was_injected => ran.stdout.trim_end() == self.printed,
            _ => {
                let is_unknown = error_line(&ran).contains("it is unknown whether");
                assert!(is_unknown || held == self.before, "{context}");
                false
            }
        };
        if is_done {
            assert_eq!(held, self.after, "{context}");
        }
        if held == self.before {
            let ran = self.run(&sandbox, self.words);
            assert_eq!(ran.printed(), self.printed, "{context}");
        } else {
            assert_eq!(held, self.after, "{context}");
            self.run(&sandbox, &["get", "next"]).printed();
        }
        let mut healed = rows(&sandbox);
        healed.retain(|(_, service, _)| service != "next");
        assert_eq!(healed, self.after, "{context}");
        was_injected
    }

    /// Lists the registry with `portctl`.
    fn held(&self, sandbox: &Sandbox) -> HeldRows {
        let ran = self.run(sandbox, &["list", "--all", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(ran.printed()).unwrap();
        let row = |it: &serde_json::Value| {
            (
                it["id"].as_u64().unwrap(),
                it["service"].as_str().unwrap().to_owned(),
                u16::try_from(it["port"].as_u64().unwrap()).unwrap(),
            )
        };
        listed.as_array().unwrap().iter().map(row).collect()
    }

    /// Injects errors into all these calls. Returns the number of faults.
    fn inject_errors(&self, calls: &[(&'static str, usize)]) -> usize {
        let mut errors = vec!["EIO"];
        if soak() > 1 {
            errors.extend(["EINTR", "EACCES", "ENOSPC"]);
        }
        let mut total = 0;
        for error in errors.into_iter().map(InjectedFault::Error) {
            for &(call, step) in calls {
                let faults = self.inject(call, error, FaultDuration::Once, step);
                assert!(faults > 0 || call == "ftruncate", "{call} is never called");
                total += faults;
            }
        }
        total
    }

    /// Like [`inject_errors`](Self::inject_errors), but all later calls fail too, as on a full or broken disk.
    fn inject_lasting_errors(&self) -> usize {
        let mut total = 0;
        for (call, error, step) in [
            ("pwrite64", "ENOSPC", 6),
            ("ftruncate", "ENOSPC", 1),
            ("fdatasync", "EIO", 3),
        ] {
            total += self.inject(
                call,
                InjectedFault::Error(error),
                FaultDuration::Lasting,
                step,
            );
        }
        total
    }

    /// Kills the command at calls of several kinds. Returns the number of kills.
    fn inject_kills(&self) -> usize {
        let mut total = 0;
        for (call, step) in [
            ("pwrite64", 5),
            ("fdatasync", 2),
            ("ftruncate", 1),
            ("openat", 3),
            ("fcntl", 25),
        ] {
            let faults = self.inject(call, InjectedFault::Kill, FaultDuration::Once, step);
            assert!(faults > 0 || call == "ftruncate", "{call} is never called");
            total += faults;
        }
        total
    }
}

/// Allocates ports to services that `portctl` finds in any work folder.
fn allocate_ports(sandbox: &Sandbox, services: &[&str], first: u16) {
    let registry = sandbox.registry();
    for (service, port) in services.iter().zip(first..) {
        let key = ServiceKey::new("work", "default", service).unwrap();
        let claim = Claim::new(key).with_port(Port::new(port).unwrap());
        registry.allocate(claim).unwrap();
    }
}

#[test]
fn first_allocation_is_atomic_if_any_call_fails() {
    if can_inject() {
        let command = WriteCommand::new(&[], &["allocate", "--service", "web"]);
        assert!(command.inject_errors(&CALLS) > 50);
        assert!(command.inject_errors(&CALLS_OF_CREATION) > 5);
        assert!(command.inject_lasting_errors() > 15);
    }
}

#[test]
fn first_allocation_is_atomic_if_killed_at_any_call() {
    if can_inject() {
        let command = WriteCommand::new(&[], &["allocate", "--service", "web"]);
        let mut faults = command.inject_kills();
        for call in ["?mkdir,?mkdirat", "fsync", "?rename,?renameat,?renameat2"] {
            faults += command.inject(call, InjectedFault::Kill, FaultDuration::Once, 1);
        }
        assert!(faults > 20);
    }
}

#[test]
fn allocation_is_atomic_if_any_call_fails() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(command.inject_errors(&CALLS) > 30);
        assert!(command.inject_lasting_errors() > 5);
    }
}

#[test]
fn allocation_is_atomic_if_killed_at_any_call() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(command.inject_kills() > 10);
    }
}

#[test]
fn release_is_atomic_under_faults() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["release", "--service", "web"]);
        assert!(command.inject_errors(&[("pwrite64", 4), ("fdatasync", 2)]) > 8);
        assert!(command.inject_lasting_errors() > 5);
        assert!(command.inject_kills() > 8);
    }
}

#[test]
fn request_for_several_services_is_atomic_under_faults() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["get", "api", "web", "cache"]);
        assert!(command.inject_errors(&[("pwrite64", 4), ("fdatasync", 2)]) > 8);
        assert!(command.inject_lasting_errors() > 5);
        assert!(command.inject_kills() > 8);
    }
}

#[test]
fn failed_unlock_is_not_reported_as_another_process() {
    if !can_inject() {
        return;
    }
    let command = WriteCommand::new(&["web"], &["allocate", "--service", "api"]);
    let injection = |number: usize| Injection {
        call: "fcntl",
        fault: InjectedFault::Error("EIO"),
        when: number.to_string(),
    };
    // A number beyond the last call only records the calls.
    let sandbox = command.sandbox();
    command.run_with(&injection(60_000), &sandbox).printed();
    let calls = recorded_calls(&sandbox);
    let unlocks_header = |call: &str| call.contains("F_UNLCK") && call.contains("l_start=0,");
    let numbers = (1..).zip(&calls).filter(|(_, call)| unlocks_header(call));
    let numbers: Vec<usize> = numbers.map(|(number, _)| number).collect();
    assert!(numbers.len() > 5, "{calls:?}");
    for number in numbers {
        let sandbox = command.sandbox();
        let ran = command.run_with(&injection(number), &sandbox);
        assert!(has_failed(&sandbox), "fcntl {number}");
        if ran.code != Some(0) {
            let message = error_line(&ran);
            // "re-open" is advice of the storage engine to programmers, which does not help users.
            for wrong in ["another process", "re-open"] {
                assert!(!message.contains(wrong), "fcntl {number}: {message}");
            }
            assert_eq!(command.held(&sandbox), command.before);
        }
    }
}
