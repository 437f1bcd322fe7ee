//! Running a process that may hang, print without end, or leave others behind.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::deadline::Deadline;

/// The longest output that is read. A repository with 100,000 branches prints less.
const MAX_OUTPUT: u64 = 16 * 1024 * 1024;

/// The output and exit status of a process.
#[derive(Debug)]
pub(super) struct Exited {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// The error of a process that was started.
#[derive(Debug)]
pub(super) enum ProcessError {
    /// It did not end in time, or something that it started holds its output open.
    TimedOut,
    /// It printed more than [`MAX_OUTPUT`].
    TooMuchOutput,
    Io(io::Error),
}

impl From<io::Error> for ProcessError {
    fn from(error: io::Error) -> ProcessError {
        ProcessError::Io(error)
    }
}

/// A process in a group of its own, whose output is read by threads.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    events: Receiver<Event>,
}

#[derive(Debug)]
enum Event {
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "the end of the output stands for it")
    )]
    Exited,
    Stdout(io::Result<Vec<u8>>),
    Stderr(io::Result<Vec<u8>>),
}

impl Running {
    /// Starts a process without input.
    ///
    /// # Errors
    ///
    /// Returns the error of starting it. The process does not run then.
    pub(super) fn start(command: &mut Command) -> io::Result<Running> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, events) = mpsc::channel();
        let mut running = Running { child, events };
        match running.start_threads(&sender) {
            Ok(()) => Ok(running),
            Err(error) => {
                running.end();
                Err(error)
            }
        }
    }

    /// Waits until the process has ended and its output is complete. Ends it if the deadline passes first.
    pub(super) fn finish(mut self, deadline: Deadline) -> Result<Exited, ProcessError> {
        match self.output(deadline) {
            // After the end of its output, a process has nothing left to do but exit.
            Ok((stdout, stderr)) => Ok(Exited {
                status: self.child.wait()?,
                stdout,
                stderr,
            }),
            Err(error) => {
                self.end();
                Err(error)
            }
        }
    }

    fn start_threads(&mut self, events: &Sender<Event>) -> io::Result<()> {
        if let Some(stdout) = self.child.stdout.take() {
            spawn(events, move || Event::Stdout(read(stdout)))?;
        }
        if let Some(stderr) = self.child.stderr.take() {
            spawn(events, move || Event::Stderr(read(stderr)))?;
        }
        #[cfg(unix)]
        {
            let id = self.id();
            spawn(events, move || {
                wait_for_exit(id);
                Event::Exited
            })?;
        }
        Ok(())
    }

    fn output(&self, deadline: Deadline) -> Result<(Vec<u8>, Vec<u8>), ProcessError> {
        let (mut stdout, mut stderr) = (None, None);
        // On Unix, the exit is awaited too, because the process may close its output and go on.
        let mut has_exited = cfg!(not(unix));
        loop {
            match self.events.recv_timeout(deadline.remaining()) {
                Ok(Event::Stdout(read)) => stdout = Some(read?),
                Ok(Event::Stderr(read)) => stderr = Some(read?),
                Ok(Event::Exited) => {
                    has_exited = true;
                    // Something that the process left behind may hold the output open.
                    self.kill_group();
                }
                Err(_) => return Err(ProcessError::TimedOut),
            }
            let too_long = |output: &Vec<u8>| output.len() as u64 > MAX_OUTPUT;
            if stdout.as_ref().is_some_and(too_long) || stderr.as_ref().is_some_and(too_long) {
                return Err(ProcessError::TooMuchOutput);
            }
            if has_exited && let (Some(stdout), Some(stderr)) = (&mut stdout, &mut stderr) {
                return Ok((std::mem::take(stdout), std::mem::take(stderr)));
            }
        }
    }

    /// Ends the process. Never waits for it, because a process that waits for a disk ends only after that.
    fn end(mut self) {
        self.kill_group();
        let _ = self.child.kill();
        // If no thread can be started, the process stays a zombie until this process ends.
        let _ = thread::Builder::new().spawn(move || self.child.wait());
    }

    #[cfg(unix)]
    fn id(&self) -> Option<rustix::process::Pid> {
        let id = i32::try_from(self.child.id()).ok()?;
        rustix::process::Pid::from_raw(id)
    }

    /// Kills the process and everything in its group. Must be called before the process is waited for, because its id may
    /// belong to another group afterwards.
    #[cfg(unix)]
    fn kill_group(&self) {
        use rustix::process::{Signal, kill_process_group};
        if let Some(id) = self.id() {
            // The group may have ended already.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_group(&self) {}
}

fn spawn(events: &Sender<Event>, task: impl FnOnce() -> Event + Send + 'static) -> io::Result<()> {
    let events = events.clone();
    // The receiver may have given up.
    let run = move || drop(events.send(task()));
    thread::Builder::new().spawn(run).map(drop)
}

/// Reads to the end, or until there is certainly too much.
fn read(pipe: impl Read) -> io::Result<Vec<u8>> {
    let mut output = Vec::new();
    pipe.take(MAX_OUTPUT + 1).read_to_end(&mut output)?;
    Ok(output)
}

/// Waits until a child process exits, and leaves it to be waited for, so that its id stays its own.
#[cfg(unix)]
fn wait_for_exit(id: Option<rustix::process::Pid>) {
    use rustix::io::retry_on_intr;
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    if let Some(id) = id {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Without such a child, another part of this process has waited for it.
        let _ = retry_on_intr(|| waitid(WaitId::Pid(id), options));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::Command;
    use std::time::Duration;

    use super::{Exited, ProcessError, Running};
    use crate::deadline::Deadline;

    const AMPLE: Duration = Duration::from_secs(60);

    fn run(script: &str, limit: Duration) -> Result<Exited, ProcessError> {
        let running = Running::start(Command::new("sh").args(["-c", script])).unwrap();
        running.finish(Deadline::after(limit))
    }

    #[test]
    fn output_and_exit_code_are_complete() {
        let exited = run("echo out; echo err >&2; exit 3", AMPLE).unwrap();
        assert_eq!(exited.status.code(), Some(3));
        assert_eq!(
            (&*exited.stdout, &*exited.stderr),
            (&b"out\n"[..], &b"err\n"[..])
        );
    }

    #[test]
    fn a_process_that_hangs_is_ended_with_everything_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let script = "exec 9>\"$0\"; sleep 1000 & wait";
        let mut command = Command::new("sh");
        let running = Running::start(command.args(["-c", script]).arg(&fifo)).unwrap();
        // Waits until the script has opened it too.
        let mut held = File::open(&fifo).unwrap();
        let ended = running.finish(Deadline::after(Duration::from_millis(10)));
        assert!(matches!(ended, Err(ProcessError::TimedOut)), "{ended:?}");
        // Ends when the last process that holds it has ended.
        held.read_to_end(&mut Vec::new()).unwrap();
    }

    #[test]
    fn a_process_left_behind_does_not_hold_the_output_open() {
        let exited = run("sleep 1000 & echo out", AMPLE).unwrap();
        assert_eq!(exited.status.code(), Some(0));
        assert_eq!(exited.stdout, b"out\n");
    }

    #[test]
    fn a_process_that_closes_its_output_is_waited_for() {
        let exited = run("exec >&- 2>&-; exit 4", AMPLE).unwrap();
        assert_eq!(exited.status.code(), Some(4));
    }

    #[test]
    fn output_without_end_is_an_error() {
        let ended = run("yes", AMPLE);
        assert!(
            matches!(ended, Err(ProcessError::TooMuchOutput)),
            "{ended:?}"
        );
        let ended = run("yes >&2", AMPLE);
        assert!(
            matches!(ended, Err(ProcessError::TooMuchOutput)),
            "{ended:?}"
        );
    }
}
