//! Telling a process to end, and seeing it gone.

use std::io;

/// A process that runs. On Linux it cannot be mistaken for a later one of the same number.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Process {
    pid: rustix::process::Pid,
    #[cfg(target_os = "linux")]
    descriptor: Option<std::os::fd::OwnedFd>,
}

#[cfg(unix)]
impl Process {
    pub(super) fn open(pid: u32) -> io::Result<Process> {
        use rustix::process::Pid;

        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Process {
            pid,
            // Kernels before 5.3 and some sandboxes have none.
            #[cfg(target_os = "linux")]
            descriptor: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok(),
        })
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

    /// Waits until it has ended, which it is about to.
    pub(super) fn await_end(&self) {
        use std::thread;
        use std::time::{Duration, Instant};

        use rustix::process::test_kill_process;

        /// How long it may take once it has let go of its lock.
        const LAST_BREATH: Duration = Duration::from_millis(500);

        #[cfg(target_os = "linux")]
        if let Some(descriptor) = &self.descriptor {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};

            let patience = Timespec::try_from(LAST_BREATH).ok();
            let _ = poll(
                &mut [PollFd::new(descriptor, PollFlags::IN)],
                patience.as_ref(),
            );
            return;
        }
        // Of a parent that does not care it may be left as a zombie.
        let end = Instant::now() + LAST_BREATH;
        while test_kill_process(self.pid).is_ok() && Instant::now() < end {
            thread::sleep(super::PAUSE);
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Process;

#[cfg(not(unix))]
impl Process {
    pub(super) fn open(_: u32) -> io::Result<Process> {
        Ok(Process)
    }

    pub(super) fn terminate(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn await_end(&self) {}
}
