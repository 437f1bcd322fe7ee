//! Terminates a process and waits for its end.

use std::io;
use std::process::Child;

/// Converts a process id, if it is a valid one.
#[cfg(unix)]
fn id(pid: u32) -> Option<rustix::process::Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
}

/// Tests whether a process is in the session that `leader` created.
#[cfg(unix)]
pub(super) fn is_of_session(pid: u32, leader: u32) -> bool {
    id(pid).is_some_and(|pid| rustix::process::getsid(Some(pid)).ok() == id(leader))
}

/// Without sessions, compares the processes.
#[cfg(not(unix))]
pub(super) fn is_of_session(pid: u32, leader: u32) -> bool {
    pid == leader
}

/// Kills a child, and its process group if it created a session.
pub(super) fn kill_session(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, kill_process_group};

        if let Some(group) = id(child.id()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A running process. On Linux, a pidfd protects against a reused process id.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Process {
    pid: rustix::process::Pid,
    #[cfg(target_os = "linux")]
    descriptor: Option<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl Process {
    /// Returns `None` if the process does not exist.
    pub(super) fn open(pid: u32) -> io::Result<Option<Process>> {
        let pid = id(pid).ok_or(io::ErrorKind::InvalidInput)?;
        #[cfg(target_os = "linux")]
        let descriptor = {
            use rustix::io::Errno;
            use rustix::process::{PidfdFlags, pidfd_open};

            match pidfd_open(pid, PidfdFlags::empty()) {
                Ok(descriptor) => Some(descriptor),
                Err(Errno::SRCH) => return Ok(None),
                // Kernels before 5.3 and some sandboxes lack pidfds.
                Err(Errno::NOSYS | Errno::PERM) => None,
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Some(Process {
            pid,
            #[cfg(target_os = "linux")]
            descriptor,
        }))
    }

    /// Tests whether the process has a file open. Returns `None` if the system hides its files.
    #[cfg(target_os = "linux")]
    pub(super) fn has_open(&self, file: &std::path::Path) -> Option<bool> {
        use std::io::ErrorKind;
        use std::os::unix::fs::MetadataExt;

        let id = |path: &std::path::Path| path.metadata().map(|it| (it.dev(), it.ino()));
        let wanted = id(file).ok()?;
        let mut is_hidden = false;
        for entry in std::fs::read_dir(self.proc("fd")).ok()? {
            match id(&entry.ok()?.path()) {
                Ok(open) if open == wanted => return Some(true),
                // The process has closed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                // A sandbox lets the files be listed, but not examined.
                Err(_) => is_hidden = true,
                Ok(_) => {}
            }
        }
        (!is_hidden).then_some(false)
    }

    /// Tests whether the process is in the network namespace of this one. Returns `None` if the system hides that.
    #[cfg(target_os = "linux")]
    pub(super) fn shares_network(&self) -> Option<bool> {
        let own = std::fs::read_link("/proc/self/ns/net").ok()?;
        Some(std::fs::read_link(self.proc("ns/net")).ok()? == own)
    }

    #[cfg(target_os = "linux")]
    fn proc(&self, file: &str) -> std::path::PathBuf {
        format!("/proc/{}/{file}", self.pid.as_raw_nonzero()).into()
    }

    /// Sends SIGTERM.
    pub(super) fn terminate(&self) -> io::Result<()> {
        use rustix::process::{Signal, kill_process};

        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            return Ok(rustix::process::pidfd_send_signal(
                descriptor,
                Signal::TERM,
            )?);
        }
        Ok(kill_process(self.pid, Signal::TERM)?)
    }

    /// Waits briefly for the process to exit, after it has released its lock.
    pub(super) fn await_end(&self) {
        use std::thread;
        use std::time::{Duration, Instant};

        use rustix::process::test_kill_process;

        /// Time limit between the release of the lock and the exit.
        const EXIT_TIMEOUT: Duration = Duration::from_millis(500);

        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};

            let timeout = Timespec::try_from(EXIT_TIMEOUT).ok();
            let _ = poll(
                &mut [PollFd::new(descriptor, PollFlags::IN)],
                timeout.as_ref(),
            );
            return;
        }
        // Limit the wait, because a parent that does not reap the process leaves it as a zombie.
        let end = Instant::now() + EXIT_TIMEOUT;
        while test_kill_process(self.pid).is_ok() && Instant::now() < end {
            thread::sleep(super::poll::POLL_INTERVAL);
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Process;

#[cfg(not(unix))]
impl Process {
    pub(super) fn open(_: u32) -> io::Result<Option<Process>> {
        Ok(Some(Process))
    }

    pub(super) fn terminate(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn await_end(&self) {}
}
