//! A command that changes the store, run with faults.

use std::fs;
use std::process::Command;

use port_registry::{Claim, Port, ServiceKey};

use super::injection::{InjectedFault, Injection, has_failed};
use super::observed::{HeldRows, error_line, rows};
use crate::PORTCTL;
use test_support::store_files::copy_store;
use test_support::{Ran, Sandbox, free_block, soak};

/// Number of ports in the range.
const PORTS: u16 = 8;

/// Number of calls that a fault affects.
#[derive(Clone, Copy, Debug)]
pub(super) enum FaultDuration {
    /// One call.
    Once,
    /// The call and all later ones.
    Lasting,
}

/// A command that changes the store, and its expected effects.
pub(super) struct WriteCommand {
    pub(super) words: &'static [&'static str],
    range: String,
    /// `true` if the store has a mark of its latest change. Otherwise the command finds a restored one, without.
    pub(super) is_marked: bool,
    /// Contains the store before the command, if there was one.
    origin: Sandbox,
    pub(super) before: HeldRows,
    pub(super) after: HeldRows,
    /// Standard output of the command.
    pub(super) printed: String,
}

impl WriteCommand {
    /// Runs a command without faults, on a store where these services have ports, to record its effects.
    pub(super) fn new(services: &[&str], words: &'static [&'static str]) -> WriteCommand {
        let first = free_block(PORTS);
        let mut command = WriteCommand {
            words,
            is_marked: true,
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
    pub(super) fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::in_memory();
        if self.origin.store().exists() {
            fs::create_dir(sandbox.store().parent().unwrap()).unwrap();
            copy_store(&self.origin.store(), &sandbox.store());
            if self.is_marked {
                sandbox.registry().try_write().unwrap();
            }
        }
        sandbox
    }

    pub(super) fn run(&self, sandbox: &Sandbox, words: &[&str]) -> Ran {
        let mut command = sandbox.command(PORTCTL);
        command
            .env("PORT_REGISTRY_RANGE", &self.range)
            .env("PATH", "/nowhere");
        Ran::of(command.args(words))
    }

    /// Prepares the command to run with a fault.
    pub(super) fn command_with(&self, injection: &Injection, sandbox: &Sandbox) -> Command {
        let mut command = injection.command(sandbox);
        command.env("PORT_REGISTRY_RANGE", &self.range);
        command.arg(PORTCTL).args(self.words);
        command
    }

    /// Runs the command with a fault.
    pub(super) fn run_with(&self, injection: &Injection, sandbox: &Sandbox) -> Ran {
        Ran::of(&mut self.command_with(injection, sandbox))
    }

    /// Injects a fault into one call after another until the command makes no further call. Returns the number of
    /// faults.
    pub(super) fn inject(
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
            InjectedFault::Kill | InjectedFault::Stop => ran.code.is_none(),
        };
        let held = self.held(&sandbox);
        let context = format!("{injection}: {ran:?}, {held:?}");
        // If a signal killed the program, strace kills itself with the same signal.
        let (is_done, is_unknown) = match ran.code {
            Some(0) => {
                assert_eq!(ran.printed(), self.printed, "{context}");
                (true, false)
            }
            None if was_injected => (ran.stdout.trim_end() == self.printed, true),
            _ => (false, error_line(&ran).contains("it is unknown whether")),
        };
        if is_done {
            assert_eq!(held, self.after, "{context}");
        } else if !is_unknown {
            assert_eq!(held, self.before, "{context}");
        }
        if held == self.before {
            let ran = self.run(&sandbox, self.words);
            // The next writer completes a change that was not acknowledged.
            let is_completed = is_unknown && ran.code == Some(1);
            assert!(
                is_completed || ran.printed() == self.printed,
                "{context}, {ran:?}"
            );
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
    pub(super) fn held(&self, sandbox: &Sandbox) -> HeldRows {
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
    pub(super) fn inject_errors(&self, calls: &[(&'static str, usize)]) -> usize {
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
    pub(super) fn inject_lasting_errors(&self) -> usize {
        let mut total = 0;
        for (call, error, step) in [
            ("pwrite64", "ENOSPC", 1),
            ("ftruncate", "ENOSPC", 1),
            ("fdatasync", "EIO", 1),
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
    pub(super) fn inject_kills(&self) -> usize {
        let mut total = 0;
        for (call, step) in [
            ("pwrite64", 1),
            ("fdatasync", 1),
            ("openat", 3),
            ("fcntl", 3),
        ] {
            let faults = self.inject(call, InjectedFault::Kill, FaultDuration::Once, step);
            assert!(faults > 0, "{call} is never called");
            total += faults;
        }
        total
    }

    /// Like [`inject_kills`](Self::inject_kills), at the calls that create or replace files.
    pub(super) fn inject_kills_at_creation(&self) -> usize {
        ["fsync", "?rename,?renameat,?renameat2", "?unlink,?unlinkat"]
            .map(|call| self.inject(call, InjectedFault::Kill, FaultDuration::Once, 1))
            .iter()
            .sum()
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

/// The number of changes that are merged into a new database.
const MERGED_CHANGES: usize = 256;

/// Returns a command that makes the last change before a merge.
pub(super) fn merging_command() -> WriteCommand {
    let mut command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
    let registry = command.origin.registry();
    let key = ServiceKey::new("other", "main", "passing").unwrap();
    // The sandbox makes the third change, and the command the last one.
    for number in 4..MERGED_CHANGES {
        if number % 2 == 0 {
            registry.allocate(Claim::new(key.clone())).unwrap();
        } else {
            registry.release_by_key(&key).unwrap();
        }
    }
    let database = fs::read(command.origin.store()).unwrap();
    let sandbox = command.sandbox();
    command.run(&sandbox, command.words).printed();
    assert!(
        fs::read(sandbox.store()).unwrap() != database,
        "nothing was merged"
    );
    command.after = rows(&sandbox);
    command
}
