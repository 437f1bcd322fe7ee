//! Stopping the daemon.

use std::time::Duration;

use port_registry::daemon::Presence;

use super::patience::{PATIENCE, Patience};
use super::process::Process;
use super::supervisor::{self, Deed};
use super::target::Target;
use super::turn::Turn;
use crate::backend::ClientError;
use crate::report::Report;

/// Stops the daemon at the address in force; gives its process. Comes back when that is gone.
pub(crate) fn stop(target: &Target) -> Result<u32, Report> {
    // Where there is nothing to stop, nothing has to be written either.
    if target.presence()? == Presence::Absent {
        return Err(not_running(target));
    }
    stop_in_turn(target, Deed::Stop, &target.turn()?)
}

/// Stops the daemon for a caller that has the turn, as a part of a stop or of a restart.
pub(super) fn stop_in_turn(target: &Target, deed: Deed, _: &Turn) -> Result<u32, Report> {
    /// The time for which a process that has ended may seem to hold the lock.
    const GRACE: Duration = Duration::from_secs(1);
    let patience = Patience::new();
    let grace = Patience::of(GRACE);
    loop {
        let presence = target.presence()?;
        if let Some(report) = target.elsewhere(presence) {
            return Err(report);
        }
        match presence {
            Presence::Absent => return Err(not_running(target)),
            Presence::Starting if patience.is_left() => patience.pause(),
            Presence::Starting => {
                return Err(Report::new(format!(
                    "a daemon has been starting for {} s, and was not stopped",
                    PATIENCE.as_secs()
                )));
            }
            Presence::Running { pid, .. } => {
                if let Some(process) = confirm(target, pid, deed)? {
                    terminate(target, pid, &process)?;
                    return Ok(pid);
                }
                // It has ended just now, or is none of this system's.
                if !grace.is_left() {
                    return Err(not_here(target, pid));
                }
                grace.pause();
            }
        }
    }
}

/// There is no daemon to stop, but perhaps something that says that it is one.
fn not_running(target: &Target) -> Report {
    match target.client.identify_quickly() {
        Ok(daemon) => target.not_the_daemon(&daemon),
        // Something else that is there is told, but not that nothing is.
        Err(ClientError::NothingListens { .. }) => Report::new("Server is not running"),
        Err(error) => Report::new("Server is not running").hint(error.to_string()),
    }
}

/// The lock is held, but not by the process of this number that can be seen here.
fn not_here(target: &Target, pid: u32) -> Report {
    Report::new(format!(
        "{} names process {pid}, which does not hold it here, and was left alone",
        target.lock().display()
    ))
    .hint("stop the daemon where it was started: in a container, perhaps")
}

/// The process, if it holds the lock, is the one that answers, and is nobody else's to stop. `None` if it
/// has ended meanwhile.
fn confirm(target: &Target, pid: u32, deed: Deed) -> Result<Option<Process>, Report> {
    let process = Process::open(pid)
        .map_err(|error| Report::new(format!("cannot look at process {pid}: {error}")))?;
    let Some(process) = process else {
        return Ok(None);
    };
    // A number means another process in another container.
    let is_holder = process.has_open(&target.lock());
    let answer = target.client.identify();
    let is_same = matches!(target.presence()?, Presence::Running { pid: now, .. } if now == pid);
    let supervisor = match answer {
        _ if !is_same => return Ok(None),
        _ if !is_holder => return Err(not_here(target, pid)),
        Ok(daemon) if daemon.pid == pid => daemon.supervisor,
        // By another version, perhaps. It is the daemon all the same.
        Err(ClientError::NotUnderstood {
            pid: by,
            supervisor,
            ..
        }) if by == pid => supervisor,
        Ok(daemon) => return Err(Report::new(format!(
            "process {} answers at {}, and not the daemon, which is process {pid}; neither was stopped",
            daemon.pid,
            target.address()
        ))),
        Err(error) => return Err(
            Report::new(format!("the daemon (pid {pid}) was not stopped: {error}")).hint(format!(
                "if it is suspended, `kill -CONT {pid}` wakes it; if it hangs, `kill -9 {pid}` ends it, and loses nothing"
            )),
        ),
    };
    match supervisor::objection(pid, supervisor.as_ref(), deed) {
        Some(report) => Err(report),
        None => Ok(Some(process)),
    }
}

fn terminate(target: &Target, pid: u32, process: &Process) -> Result<(), Report> {
    process
        .terminate()
        .map_err(|error| Report::new(format!("cannot stop process {pid}: {error}")))?;
    let patience = Patience::new();
    while matches!(target.presence()?, Presence::Running { pid: now, .. } if now == pid) {
        if !patience.is_left() {
            return Err(Report::new(format!(
                "the daemon (pid {pid}) has not ended within {} s",
                PATIENCE.as_secs()
            ))
            .hint(format!("`kill -9 {pid}` ends it, and loses nothing")));
        }
        patience.pause();
    }
    process.await_end();
    Ok(())
}
