//! A command that `portctl run` has started.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;
use test_support::wait_until;

use super::processes::Processes;
use super::project::Project;

/// Pause between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(30);

/// A started command, whose processes are killed when it is dropped.
pub(super) struct Started {
    child: Child,
    processes: Processes,
    output: NamedTempFile,
}

impl Started {
    /// Starts a command of the project in a process group of its own.
    pub(super) fn new(project: &Project, command: &mut Command) -> Started {
        let output = NamedTempFile::new_in(project.sandbox.path()).unwrap();
        let file = output.reopen().unwrap();
        command
            .process_group(0)
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let child = command.spawn().unwrap();
        let processes = Processes {
            group: child.id(),
            mark: format!("HOME={}", project.sandbox.home().display()),
        };
        Started {
            child,
            processes,
            output,
        }
    }

    /// Ports that the processes of the command listen on.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        let listening = self.processes.listening();
        listening.iter().map(SocketAddr::port).collect()
    }

    /// Standard output and standard error.
    pub(super) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.output.path()).unwrap()).into_owned()
    }

    /// Waits for the end of a command that must not listen. Returns its exit status.
    #[track_caller]
    pub(super) fn end(&mut self) -> ExitStatus {
        let (ports, status) = self.wait_for(|ports| !ports.is_empty());
        status.unwrap_or_else(|| panic!("listens on {ports:?}"))
    }

    /// Polls until `is_so` returns true for the ports of the command. Returns them, and the exit status if it has ended.
    #[track_caller]
    pub(super) fn wait_for(
        &mut self,
        is_so: impl Fn(&BTreeSet<u16>) -> bool,
    ) -> (BTreeSet<u16>, Option<ExitStatus>) {
        let mut found = (BTreeSet::new(), None);
        wait_until("the command ends or listens", || {
            // Asked first: a command that has ended listens no more.
            let status = self.child.try_wait().unwrap();
            found = (self.ports(), status);
            let is_over = status.is_some() || is_so(&found.0);
            if !is_over {
                // Looking at all processes of the machine this often would slow the command down.
                thread::sleep(PAUSE);
            }
            is_over
        });
        found
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if thread::panicking() {
            let output = self.output();
            let ports = self.ports();
            let _ = writeln!(
                io::stderr(),
                "-- listens on {ports:?}, printed:\n{output}\n--"
            );
        }
        // Some servers start another process when one of theirs is killed.
        while !self.processes.ids().is_empty() {
            self.processes.signal("KILL");
            let _ = self.child.try_wait();
        }
        let _ = self.child.wait();
    }
}
