//! Stops the daemon.

use std::time::Duration;

use port_registry::daemon::Presence;

use super::advice::resume_or_end;
use super::holder::HolderPlace;
use super::poll::{PollDeadline, START_STOP_TIMEOUT};
use super::process::Process;
use super::supervisor::{self, LifecycleAction};
use super::target::Target;
use super::turn::Turn;
use super::unsure::Unsure;
use crate::backend::ClientError;
use crate::report::Report;

/// Stops the daemon at the address in force and returns its process id. Returns once the process has exited.
pub(crate) fn stop(target: &Target) -> Result<u32, Report> {
    // Without a daemon, fail before creating the turn's lock file.
    if target.presence()? == Presence::Absent {
        return Err(report_not_running(target));
    }
    stop_in_turn(target, LifecycleAction::Stop, &target.turn()?)
}

/// Stops the daemon for a stop or a restart. The caller must hold the turn.
pub(super) fn stop_in_turn(
    target: &Target,
    action: LifecycleAction,
    _: &Turn,
) -> Result<u32, Report> {
    /// Time for which the lock may appear held after its process has exited.
    const GRACE: Duration = Duration::from_secs(1);
    let deadline = PollDeadline::new();
    let grace = PollDeadline::of(GRACE);
    loop {
        let presence = target.presence()?;
        if let Some(report) = target.elsewhere(presence) {
            return Err(report);
        }
        match presence {
            Presence::Absent => return Err(report_not_running(target)),
            Presence::Starting if deadline.is_left() => deadline.pause(),
            Presence::Starting => {
                return Err(Report::new(format!(
                    "a daemon is still starting after {} s, and was not stopped",
                    START_STOP_TIMEOUT.as_secs()
                )));
            }
            Presence::Running { pid, address } => {
                let place = target.place_of(pid, address);
                if place.is_process()
                    && let Some(process) = confirm(target, pid, place, action)?
                {
                    terminate(target, pid, &process)?;
                    return Ok(pid);
                }
                // It has just exited, or runs in another container.
                if !grace.is_left() {
                    return Err(report_not_here(target, pid, place));
                }
                grace.pause();
            }
        }
    }
}

/// Reports that no daemon runs, or describes another server at the address.
fn report_not_running(target: &Target) -> Report {
    // The second look at the lock shows a daemon that another command has started since the first.
    match (target.client.identify_quickly(), target.presence()) {
        (Ok(daemon), Ok(Presence::Running { pid, .. })) if pid == daemon.pid => {
            Report::new("Server is not running").hint("it was started at this moment; try again")
        }
        (Ok(daemon), _) => target
            .not_the_daemon(&daemon)
            .hint("it may be the daemon of another user, or of another home folder"),
        // These would add nothing to the message, which the lock proves, so there is no hint.
        (Err(ClientError::NothingListens { .. } | ClientError::Denied { .. }), _) => {
            Report::new("Server is not running")
        }
        (Err(ClientError::Socket { problem, .. }), _) if problem.is_absence() => {
            Report::new("Server is not running")
        }
        (Err(error), _) => Report::new("Server is not running").hint(error.to_string()),
    }
}

/// Reports a lock that is held, but not by a process of this system with the id in the lock file. There may be no such
/// process.
fn report_not_here(target: &Target, pid: u32, place: HolderPlace) -> Report {
    let finding = match place.holds_lock() {
        None => "the system hides whether this process holds the lock",
        Some(_) => "no process with this id holds the lock here",
    };
    Report::new(format!(
        "{} names process {pid}, but {finding}, so none was stopped",
        target.lock().display()
    ))
    .hint("stop the daemon where it was started, for example in its container")
}

/// Makes sure that the process, which holds the lock, is the one that answers and is not supervised. Returns `None` if it
/// has exited meanwhile.
fn confirm(
    target: &Target,
    pid: u32,
    place: HolderPlace,
    action: LifecycleAction,
) -> Result<Option<Process>, Report> {
    let process = Process::open(pid)
        .map_err(|error| Report::new(format!("cannot inspect process {pid}: {error}")))?;
    let Some(process) = process else {
        return Ok(None);
    };
    let was_not_stopped = format!("the daemon (pid {pid}) was not stopped");
    // From another network, only the socket leads to the daemon.
    let client = if target.is_sure(place) {
        target.client.clone()
    } else {
        match Unsure::of(target, target.presence()?) {
            Some(Unsure {
                by_socket: Some((client, _)),
                ..
            }) => client,
            Some(unsure) => return Err(unsure.report().prefixed(&was_not_stopped)),
            None => return Ok(None),
        }
    };
    let answer = client.identify();
    let is_same = matches!(target.presence()?, Presence::Running { pid: now, .. } if now == pid);
    let supervisor = match answer {
        _ if !is_same => return Ok(None),
        Ok(daemon) if daemon.pid == pid => daemon.supervisor,
        // A daemon of another version can be stopped, too.
        Err(ClientError::NotUnderstood {
            pid: by,
            supervisor,
            ..
        }) if by == pid => supervisor,
        Ok(daemon) => {
            return Err(Report::new(format!(
                "the server at {} says that it is process {}, but the daemon is process {pid}; neither was stopped",
                client.address(),
                daemon.pid
            )));
        }
        // It may answer others.
        Err(error @ (ClientError::Denied { .. } | ClientError::Unreachable { .. })) => {
            return Err(Report::from(error).prefixed(&was_not_stopped));
        }
        Err(error) => {
            return Err(
                Report::new(format!("{was_not_stopped}: {error}")).hint(resume_or_end(pid, place))
            );
        }
    };
    match supervisor::objection(pid, supervisor.as_ref(), action) {
        Some(report) => Err(report),
        None => Ok(Some(process)),
    }
}

fn terminate(target: &Target, pid: u32, process: &Process) -> Result<(), Report> {
    process
        .terminate()
        .map_err(|error| Report::new(format!("cannot stop process {pid}: {error}")))?;
    let deadline = PollDeadline::new();
    while matches!(target.presence()?, Presence::Running { pid: now, .. } if now == pid) {
        if !deadline.is_left() {
            return Err(Report::new(format!(
                "the daemon (pid {pid}) did not stop within {} s",
                START_STOP_TIMEOUT.as_secs()
            ))
            .hint(format!("`kill -9 {pid}` ends it without losing data")));
        }
        deadline.pause();
    }
    process.await_end();
    Ok(())
}
