//! Hardly a file may be open at a time.

use std::process::Command;

use super::told::{complaint, rows};
use crate::PORTCTL;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, is_to_be_had};

/// With fewer the program is not even loaded.
pub(crate) const FEWEST: u32 = 4;
/// With so many everything works.
const ENOUGH: u32 = 12;

/// A command that may have so many files open.
pub(crate) fn limited(sandbox: &Sandbox, files: u32) -> Command {
    let mut command = sandbox.command("prlimit");
    command.arg(format!("--nofile={files}:{files}"));
    command
}

/// Whether files can be limited here.
pub(crate) fn is_possible() -> bool {
    let sandbox = Sandbox::new();
    is_to_be_had("prlimit", limited(&sandbox, ENOUGH).arg("true"))
}

#[test]
fn with_too_few_files_portctl_tells_the_truth_or_that_it_cannot() {
    if !is_possible() {
        return;
    }
    let sandbox = Sandbox::new();
    let port = sandbox.run(PORTCTL, &["get", "web"]).printed().to_owned();
    let list = ["list", "--all"];
    let mut works_from = [None; 3];
    for files in FEWEST..=ENOUGH {
        let before = rows(&sandbox);
        let listed = sandbox.run(PORTCTL, &list).printed().to_owned();
        let new = format!("service-{files}");
        let run = |words: &[&str]| Ran::of(limited(&sandbox, files).arg(PORTCTL).args(words));
        let answers = [run(&list), run(&["get", "web"]), run(&["get", &new])];
        let after = rows(&sandbox);
        for (answer, works_from) in answers.iter().zip(&mut works_from) {
            if answer.code == Some(0) {
                works_from.get_or_insert(files);
            } else {
                // Nor does it fail again with more.
                assert_eq!(*works_from, None, "{files}: {answer:?}");
                complaint(answer);
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
            let (_, service, port) = after.last().unwrap();
            assert_eq!((service, &*port.to_string()), (&new, answers[2].printed()));
        } else {
            assert_eq!(after, before);
        }
    }
    assert!(works_from.iter().all(Option::is_some), "{works_from:?}");
}

#[test]
fn the_first_allocation_with_too_few_files_is_whole_or_not_there() {
    if !is_possible() {
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
            complaint(&ran);
            assert!(rows(&sandbox).is_empty());
        }
        let next = sandbox.run(PORTCTL, &["get", "web"]);
        next.printed();
    }
    assert!(works);
}

#[test]
fn a_daemon_with_few_files_and_many_connections_serves_on() {
    const FILES: u32 = 80;
    if !is_possible() {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = limited(&sandbox, FILES);
    command.arg(&*PORT_REGISTRY).args(["--port", "0"]);
    let mut daemon = Daemon::spawn(&mut command);
    // More than it may have open; they say nothing.
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
fn a_daemon_with_too_few_files_does_not_begin() {
    if !is_possible() {
        return;
    }
    let sandbox = Sandbox::new();
    for files in [FEWEST, 8, 16, 64] {
        let mut command = limited(&sandbox, files);
        command.arg(&*PORT_REGISTRY).args(["--port", "0"]);
        let ran = Ran::of(&mut command);
        let said = complaint(&ran);
        assert!(said.contains("files may be open at a time"), "{said}");
    }
}
