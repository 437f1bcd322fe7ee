//! A system call fails, or the process is killed at it, while `portctl` changes the store.

use super::injection::{InjectedFault, Injection, can_inject, has_failed, recorded_calls};
use super::observed::error_line;
use super::write_command::{WriteCommand, merging_command};

/// System calls to fail, each with a step. A step of 4 injects a fault into every fourth call.
const CALLS: [(&str, usize); 7] = [
    ("pwrite64", 1),
    ("fdatasync", 1),
    ("ftruncate", 1),
    ("openat", 2),
    ("fcntl", 2),
    ("pread64", 7),
    ("statx", 9),
];

/// Like [`CALLS`], for the calls that create or replace files of the store.
const CALLS_OF_CREATION: [(&str, usize); 4] = [
    ("fsync", 1),
    ("?rename,?renameat,?renameat2", 1),
    ("?unlink,?unlinkat", 1),
    ("read", 1),
];

#[test]
fn first_allocation_is_atomic_if_any_call_fails() {
    if can_inject() {
        let command = WriteCommand::new(&[], &["allocate", "--service", "web"]);
        assert!(command.inject_errors(&CALLS) > 25);
        assert!(command.inject_errors(&[("?mkdir,?mkdirat", 1)]) > 0);
        assert!(command.inject_errors(&CALLS_OF_CREATION) > 5);
        assert!(command.inject_lasting_errors() > 5);
    }
}

#[test]
fn first_allocation_is_atomic_if_killed_at_any_call() {
    if can_inject() {
        let command = WriteCommand::new(&[], &["allocate", "--service", "web"]);
        assert!(command.inject_kills() > 10);
        assert!(command.inject_kills_at_creation() > 5);
    }
}

#[test]
fn allocation_is_atomic_if_any_call_fails() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(command.inject_errors(&CALLS) > 15);
        assert!(command.inject_lasting_errors() > 2);
    }
}

#[test]
fn allocation_is_atomic_if_killed_at_any_call() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        assert!(command.inject_kills() > 5);
    }
}

#[test]
fn allocation_in_a_restored_store_is_atomic_under_faults() {
    if can_inject() {
        let mut command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        command.is_marked = false;
        assert!(command.inject_errors(&[("pwrite64", 1), ("fdatasync", 1), ("fsync", 1)]) > 5);
        assert!(command.inject_lasting_errors() > 3);
        assert!(command.inject_kills() > 5);
    }
}

#[test]
fn merge_is_atomic_under_faults() {
    if can_inject() {
        let command = merging_command();
        assert!(command.inject_errors(&[("pwrite64", 1), ("fdatasync", 1), ("openat", 4)]) > 8);
        assert!(command.inject_errors(&CALLS_OF_CREATION[..3]) > 5);
        assert!(command.inject_lasting_errors() > 5);
        assert!(command.inject_kills() > 8);
        assert!(command.inject_kills_at_creation() > 5);
    }
}

#[test]
fn release_is_atomic_under_faults() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["release", "--service", "web"]);
        assert!(command.inject_errors(&[("pwrite64", 1), ("fdatasync", 1)]) > 2);
        assert!(command.inject_lasting_errors() > 2);
        assert!(command.inject_kills() > 5);
    }
}

#[test]
fn request_for_several_services_is_atomic_under_faults() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["get", "api", "web", "cache"]);
        assert!(command.inject_errors(&[("pwrite64", 1), ("fdatasync", 1)]) > 2);
        assert!(command.inject_lasting_errors() > 2);
        assert!(command.inject_kills() > 5);
    }
}

#[test]
fn failed_lock_call_is_not_reported_as_another_process() {
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
    let numbers = (1..).zip(&calls).filter(|(_, call)| call.contains("LK"));
    let numbers: Vec<usize> = numbers.map(|(number, _)| number).collect();
    assert!(numbers.len() > 2, "{calls:?}");
    for number in numbers {
        let sandbox = command.sandbox();
        let ran = command.run_with(&injection(number), &sandbox);
        assert!(has_failed(&sandbox), "fcntl {number}");
        if ran.code != Some(0) {
            let message = error_line(&ran);
            assert!(!message.contains("another process"), "{message}");
            assert_eq!(command.held(&sandbox), command.before);
        }
    }
}
