//! A running helper program, controlled line by line over its standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::conditions::{is_stopped, wait_until_stopped};

/// A helper program, killed when dropped.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Helper {
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Helper {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Helper {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line. Returns `None` if the program has ended, even within a line.
    pub fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.strip_suffix('\n').map(ToOwned::to_owned)
    }

    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.hear().as_deref(), Some(line));
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Kills the program and returns the rest of its output. Panics if it had already ended.
    #[track_caller]
    pub fn kill(mut self) -> Vec<String> {
        let ended = self.child.try_wait().unwrap();
        let _ = self.child.kill();
        self.child.wait().unwrap();
        let mut lines = Vec::new();
        while let Some(line) = self.hear() {
            lines.push(line);
        }
        assert_eq!(ended, None, "{lines:?}");
        lines
    }

    /// Suspends the program, and waits until `ps` reports it as stopped.
    pub fn stop(&self) {
        self.signal("STOP");
        wait_until_stopped(self.id());
    }

    /// Returns true if `ps` reports the program as stopped.
    pub fn is_stopped(&self) -> bool {
        is_stopped(self.id())
    }

    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.id())])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
