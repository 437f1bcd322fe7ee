//! A process is stopped while it changes the store.

use std::process::{Command, Stdio};
use std::time::Duration;

use port_registry::{Error, Registry};

use super::injection::{InjectedFault, Injection, can_inject, stopped_process};
use super::observed::rows;
use super::write_command::{WriteCommand, merging_command};
use test_support::{Ran, soak, wait_until};

/// The calls at which a process is stopped, each with a step.
const CALLS: [(&str, usize); 7] = [
    ("pwrite64", 1),
    ("fdatasync", 1),
    ("fsync", 1),
    ("?rename,?renameat,?renameat2", 1),
    ("?unlink,?unlinkat", 1),
    ("openat", 4),
    ("fcntl", 3),
];

impl WriteCommand {
    /// Stops the command after one call after another. Returns the number of times that it was stopped, and how often
    /// others could not write meanwhile.
    fn stop(&self) -> (usize, usize) {
        let (mut stops, mut blocked) = (0, 0);
        for (call, step) in CALLS {
            let step = if soak() > 1 { 1 } else { step };
            for number in (1..).step_by(step) {
                let injection = Injection {
                    call,
                    fault: InjectedFault::Stop,
                    when: number.to_string(),
                };
                let Some(is_blocked) = self.stop_once(&injection) else {
                    break;
                };
                stops += 1;
                blocked += usize::from(is_blocked);
            }
        }
        (stops, blocked)
    }

    /// Stops the command after a call. Asserts that others read meanwhile, and that the command then goes on. Returns
    /// true if others could not write meanwhile, or `None` if the command ended without a stop.
    fn stop_once(&self, injection: &Injection) -> Option<bool> {
        let sandbox = self.sandbox();
        let mut command = self.command_with(injection, &sandbox);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stopped = None;
        wait_until("the process is stopped, or ends", || {
            stopped = stopped_process(&sandbox);
            stopped.is_some() || child.try_wait().unwrap().is_some()
        });
        let is_blocked = stopped.map(|process| {
            let assert_readable = || {
                let seen = [self.held(&sandbox), rows(&sandbox)];
                assert_eq!(seen[0], seen[1], "{injection}");
                let is_whole = [&self.before, &self.after].contains(&&seen[0]);
                assert!(is_whole, "{injection}: {seen:?}");
            };
            assert_readable();
            let other = Registry::builder()
                .with_path(sandbox.store())
                .with_wait(Duration::from_millis(20))
                .open()
                .unwrap();
            let is_blocked = match other.try_write() {
                Ok(()) => false,
                Err(Error::Busy { .. }) => true,
                Err(error) => panic!("{injection}: {error:?}"),
            };
            assert_readable();
            let mut go_on = Command::new("kill");
            Ran::of(go_on.args(["-CONT", &process])).printed();
            is_blocked
        });
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.printed(), self.printed, "{injection}");
        assert_eq!(rows(&sandbox), self.after, "{injection}");
        is_blocked
    }
}

#[test]
fn readers_and_other_writers_answer_while_a_writer_is_stopped() {
    if can_inject() {
        let command = WriteCommand::new(&["web", "db"], &["allocate", "--service", "api"]);
        let (stops, blocked) = command.stop();
        assert!(stops > 5 && blocked > 2, "{stops} {blocked}");
    }
}

#[test]
fn readers_and_other_writers_answer_while_the_creation_is_stopped() {
    if can_inject() {
        let command = WriteCommand::new(&[], &["allocate", "--service", "web"]);
        let (stops, blocked) = command.stop();
        assert!(stops > 15 && blocked > 10, "{stops} {blocked}");
    }
}

#[test]
fn readers_and_other_writers_answer_while_a_merge_is_stopped() {
    if can_inject() {
        let (stops, blocked) = merging_command().stop();
        assert!(stops > 15 && blocked > 10, "{stops} {blocked}");
    }
}
