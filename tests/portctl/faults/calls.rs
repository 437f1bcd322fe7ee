//! A call fails, or is the last one, while portctl changes the store.

use std::fs;

use port_registry::{Claim, Port, Registry, ServiceKey};

use super::injection::{Fault, Injection, has_failed, is_possible, noted};
use super::told::{Rows, complaint, rows};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, free_block, soak};

/// How many ports there are to choose from.
const PORTS: u16 = 8;

/// Calls that fail, and how many of them are met: each, or one of so many.
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

/// The same, of those that are made to create the store.
const CALLS_OF_CREATION: [(&str, usize); 5] = [
    ("?mkdir,?mkdirat", 1),
    ("fsync", 1),
    ("?rename,?renameat,?renameat2", 1),
    ("?unlink,?unlinkat", 1),
    ("read", 1),
];

/// How long a fault lasts.
#[derive(Clone, Copy, Debug)]
enum Duration {
    /// It is of one call.
    Once,
    /// It is of all the calls that follow too.
    Lasting,
}

/// A command that changes the store in some way.
struct Change {
    words: &'static [&'static str],
    range: String,
    /// Where the store is as it was before, if there was one.
    origin: Sandbox,
    before: Rows,
    after: Rows,
    /// What the command prints.
    printed: String,
}

impl Change {
    /// Finds out what a command does when nothing fails, where these services have ports.
    fn new(services: &[&str], words: &'static [&'static str]) -> Change {
        let first = free_block(PORTS);
        let mut change = Change {
            words,
            range: format!("{first}-{}", first + PORTS - 1),
            origin: Sandbox::new(),
            before: Rows::new(),
            after: Rows::new(),
            printed: String::new(),
        };
        if !services.is_empty() {
            give_ports(&change.origin, services, first);
            change.before = rows(&change.origin);
        }
        let sandbox = change.sandbox();
        let ran = change.run(&sandbox, words);
        ran.printed().clone_into(&mut change.printed);
        change.after = rows(&sandbox);
        assert_ne!(change.after, change.before);
        change
    }

    /// A machine where the command was not run yet.
    fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::new();
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

    /// Runs the command, with a fault that it may meet.
    fn run_with(&self, injection: &Injection, sandbox: &Sandbox) -> Ran {
        let mut command = injection.command(sandbox);
        command.env("PORT_REGISTRY_RANGE", &self.range);
        Ran::of(command.arg(PORTCTL).args(self.words))
    }

    /// Lets the command meet a fault at one call after another, until it makes no more of them: gives
    /// how many it met.
    fn meets(&self, call: &'static str, fault: Fault, duration: Duration, step: usize) -> usize {
        let step = if soak() > 1 { 1 } else { step };
        let injection = |number: usize| Injection {
            call,
            fault,
            when: match duration {
                Duration::Once => number.to_string(),
                Duration::Lasting => format!("{number}+"),
            },
        };
        (1..)
            .step_by(step)
            .take_while(|&number| self.meets_one(&injection(number)))
            .count()
    }

    /// Lets the command meet a fault. Whatever comes of it, the store is as it is said to be, and
    /// the next command works. Gives whether the fault was met at all.
    fn meets_one(&self, injection: &Injection) -> bool {
        let sandbox = self.sandbox();
        let ran = self.run_with(injection, &sandbox);
        let is_met = match injection.fault {
            Fault::Error(_) => has_failed(&sandbox),
            Fault::Kill => ran.code.is_none(),
        };
        let held = self.held(&sandbox);
        let context = format!("{injection}: {ran:?}, {held:?}");
        // strace ends by the signal that ended the program.
        let is_done = match ran.code {
            Some(0) => {
                assert_eq!(ran.printed(), self.printed, "{context}");
                true
            }
            None if is_met => ran.stdout.trim_end() == self.printed,
            _ => {
                let is_open = complaint(&ran).contains("it is unknown whether");
                assert!(is_open || held == self.before, "{context}");
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
        is_met
    }

    /// What the command line says that the registry holds.
    fn held(&self, sandbox: &Sandbox) -> Rows {
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

    /// Lets calls of all these kinds fail. Gives how many did.
    fn meets_errors(&self, calls: &[(&'static str, usize)]) -> usize {
        let mut errors = vec!["EIO"];
        if soak() > 1 {
            errors.extend(["EINTR", "EACCES", "ENOSPC"]);
        }
        let mut met = 0;
        for error in errors.into_iter().map(Fault::Error) {
            for &(call, step) in calls {
                let of_it = self.meets(call, error, Duration::Once, step);
                assert!(of_it > 0 || call == "ftruncate", "{call} is never called");
                met += of_it;
            }
        }
        met
    }

    /// The same, of what goes on failing: for want of space, or on a disk that breaks.
    fn meets_lasting_errors(&self) -> usize {
        let mut met = 0;
        for (call, error, step) in [
            ("pwrite64", "ENOSPC", 6),
            ("ftruncate", "ENOSPC", 1),
            ("fdatasync", "EIO", 3),
        ] {
            met += self.meets(call, Fault::Error(error), Duration::Lasting, step);
        }
        met
    }

    /// Kills the command at calls of all kinds. Gives how many were the last ones.
    fn meets_kills(&self) -> usize {
        let mut met = 0;
        for (call, step) in [
            ("pwrite64", 5),
            ("fdatasync", 2),
            ("ftruncate", 1),
            ("openat", 3),
            ("fcntl", 25),
        ] {
            let of_it = self.meets(call, Fault::Kill, Duration::Once, step);
            assert!(of_it > 0 || call == "ftruncate", "{call} is never called");
            met += of_it;
        }
        met
    }
}

/// Gives ports to services of the work folder, whichever that is.
fn give_ports(sandbox: &Sandbox, services: &[&str], first: u16) {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    for (service, port) in services.iter().zip(first..) {
        let key = ServiceKey::new("work", "default", service).unwrap();
        let claim = Claim::new(key).with_port(Port::new(port).unwrap());
        registry.allocate(claim).unwrap();
    }
}

#[test]
fn the_first_allocation_is_whole_or_not_there_whichever_call_fails() {
    if is_possible() {
        let change = Change::new(&[], &["allocate", "--service", "web"]);
        assert!(change.meets_errors(&CALLS) > 50);
        assert!(change.meets_errors(&CALLS_OF_CREATION) > 5);
        assert!(change.meets_lasting_errors() > 15);
    }
}

#[test]
fn the_first_allocation_is_whole_or_not_there_whenever_it_is_killed() {
    if is_possible() {
        let change = Change::new(&[], &["allocate", "--service", "web"]);
        let mut met = change.meets_kills();
        for call in ["?mkdir,?mkdirat", "fsync", "?rename,?renameat,?renameat2"] {
            met += change.meets(call, Fault::Kill, Duration::Once, 1);
        }
        assert!(met > 20);
    }
}

#[test]
fn an_allocation_is_whole_or_not_there_whichever_call_fails() {
    if is_possible() {
        let change = Change::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(change.meets_errors(&CALLS) > 30);
        assert!(change.meets_lasting_errors() > 5);
    }
}

#[test]
fn an_allocation_is_whole_or_not_there_whenever_it_is_killed() {
    if is_possible() {
        let change = Change::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(change.meets_kills() > 10);
    }
}

#[test]
fn a_release_is_done_or_not_whatever_happens() {
    if is_possible() {
        let change = Change::new(&["web", "db"], &["release", "--service", "web"]);
        assert!(change.meets_errors(&[("pwrite64", 4), ("fdatasync", 2)]) > 8);
        assert!(change.meets_lasting_errors() > 5);
        assert!(change.meets_kills() > 8);
    }
}

#[test]
fn ports_for_several_services_are_given_to_all_or_to_none_whatever_happens() {
    if is_possible() {
        let change = Change::new(&["web", "db"], &["get", "api", "web", "cache"]);
        assert!(change.meets_errors(&[("pwrite64", 4), ("fdatasync", 2)]) > 8);
        assert!(change.meets_lasting_errors() > 5);
        assert!(change.meets_kills() > 8);
    }
}

#[test]
fn a_lock_that_cannot_be_given_back_is_not_taken_for_somebody_else() {
    if !is_possible() {
        return;
    }
    let change = Change::new(&["web"], &["allocate", "--service", "api"]);
    let injection = |number: usize| Injection {
        call: "fcntl",
        fault: Fault::Error("EIO"),
        when: number.to_string(),
    };
    // Beyond the last: nothing fails, and the calls are noted.
    let sandbox = change.sandbox();
    change.run_with(&injection(60_000), &sandbox).printed();
    let calls = noted(&sandbox);
    let gives_back_header = |call: &str| call.contains("F_UNLCK") && call.contains("l_start=0,");
    let numbers = (1..)
        .zip(&calls)
        .filter(|(_, call)| gives_back_header(call));
    let numbers: Vec<usize> = numbers.map(|(number, _)| number).collect();
    assert!(numbers.len() > 5, "{calls:?}");
    for number in numbers {
        let sandbox = change.sandbox();
        let ran = change.run_with(&injection(number), &sandbox);
        assert!(has_failed(&sandbox), "fcntl {number}");
        if ran.code != Some(0) {
            let said = complaint(&ran);
            // Nor is what the storage engine tells its programmers of use to anyone.
            for wrong in ["another process", "re-open"] {
                assert!(!said.contains(wrong), "fcntl {number}: {said}");
            }
            assert_eq!(change.held(&sandbox), change.before);
        }
    }
}
