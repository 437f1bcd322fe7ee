//! The process can open only a few files at a time.

use std::process::Command;

use port_registry::AllocationId;

use super::observed::{error_line, rows};
use crate::PORTCTL;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, free_block, is_available};

/// With fewer descriptors, the loader cannot load the program.
pub(crate) const FEWEST: u32 = 4;
/// With this many descriptors, everything works.
const ENOUGH: u32 = 12;

/// Returns a command that runs its arguments with a limit on open files.
pub(crate) fn limited(sandbox: &Sandbox, files: u32) -> Command {
    let mut command = sandbox.command("prlimit");
    command.arg(format!("--nofile={files}:{files}"));
    command
}

/// Returns true if this system can limit open files.
pub(crate) fn can_limit_files() -> bool {
    let sandbox = Sandbox::new();
    is_available("prlimit", limited(&sandbox, ENOUGH).arg("true"))
}

#[test]
fn portctl_with_too_few_descriptors_answers_correctly_or_fails() {
    if !can_limit_files() {
        return;
    }
    let sandbox = Sandbox::new();
    // Ports that no other program begins to use, because `list` would name it.
    let first = free_block(2);
    let range = format!("{first}-{}", first + 1);
    let mut get = sandbox.command(PORTCTL);
    get.args(["get", "web"]).env("PORT_REGISTRY_RANGE", &range);
    let port = Ran::of(&mut get).printed().to_owned();
    let list = ["list", "--all"];
    let mut works_from = [None; 3];
    for files in FEWEST..=ENOUGH {
        let before = rows(&sandbox);
        let listed = sandbox.run(PORTCTL, &list).printed().to_owned();
        let new = format!("service-{files}");
        let run = |words: &[&str]| {
            let mut command = limited(&sandbox, files);
            command.env("PORT_REGISTRY_RANGE", &range);
            Ran::of(command.arg(PORTCTL).args(words))
        };
        let answers = [run(&list), run(&["get", "web"]), run(&["get", &new])];
        let after = rows(&sandbox);
        for (answer, works_from) in answers.iter().zip(&mut works_from) {
            if answer.code == Some(0) {
                works_from.get_or_insert(files);
            } else {
                // Never fail with more descriptors than have been enough.
                assert_eq!(*works_from, None, "{files}: {answer:?}");
                error_line(answer);
            }
        }
        if answers[0].code == Some(0) {
            assert_eq!(answers[0].printed(), listed);
        }
        if answers[1].code == Some(0) {
            assert_eq!(answers[1].printed(), port);
        }
        if answers[2].code == Some(0) {
            assert_eq!(after.len(), before.len() + 1);
            let (id, service, port) = after.last().unwrap();
            assert_eq!((service, &*port.to_string()), (&new, answers[2].printed()));
            let id = AllocationId::new(*id).unwrap();
            sandbox.registry().release(id).unwrap();
        } else {
            assert_eq!(after, before);
        }
    }
    assert!(works_from.iter().all(Option::is_some), "{works_from:?}");
}

#[test]
fn first_allocation_with_too_few_descriptors_is_atomic() {
    if !can_limit_files() {
        return;
    }
    let mut works = false;
    for files in FEWEST..=ENOUGH {
        let sandbox = Sandbox::new();
        let ran = Ran::of(limited(&sandbox, files).arg(PORTCTL).args(["get", "web"]));
        works = ran.code == Some(0);
        if works {
            assert_eq!(rows(&sandbox).len(), 1);
        } else {
            error_line(&ran);
            assert!(rows(&sandbox).is_empty());
        }
        let next = sandbox.run(PORTCTL, &["get", "web"]);
        next.printed();
    }
    assert!(works);
}

#[test]
fn daemon_with_few_descriptors_survives_many_connections() {
    const FILES: u32 = 80;
    if !can_limit_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = limited(&sandbox, FILES);
    command.arg(&*PORT_REGISTRY).args(["--port", "0"]);
    let mut daemon = Daemon::spawn(&mut command);
    // Open more idle connections than the daemon can keep.
    let held: Vec<_> = (0..FILES / 2).map(|_| daemon.client()).collect();
    let body = |number| format!(r#"{{"app":"app","instance":"main","service":"s-{number}"}}"#);
    let ask = |number| {
        daemon
            .ask("POST", "/v1/allocations", &body(number))
            .json(201)
    };
    ask(0);
    drop(held);
    (1..10).for_each(|number| drop(ask(number)));
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    assert_eq!(rows(&sandbox).len(), 10);
}

#[test]
fn daemon_with_too_few_descriptors_does_not_start() {
    if !can_limit_files() {
        return;
    }
    let sandbox = Sandbox::new();
    for files in [FEWEST, 8, 16, 64] {
        let mut command = limited(&sandbox, files);
        command.arg(&*PORT_REGISTRY).args(["--port", "0"]);
        let ran = Ran::of(&mut command);
        let message = error_line(&ran);
        assert!(message.contains("files may be open at a time"), "{message}");
    }
}
