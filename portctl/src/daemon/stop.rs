//! Stopping the daemon.

use port_registry::daemon::Presence;

use super::process::Process;
use super::{PATIENCE, Patience, Place, Turn};
use crate::failure::Report;

/// Stops the daemon at the address in force; gives its process. Comes back when that is gone.
pub(crate) fn stop(place: &Place, _: &Turn) -> Result<u32, Report> {
    let patience = Patience::new();
    loop {
        let presence = place.presence()?;
        if let Some(report) = place.elsewhere(presence) {
            return Err(report);
        }
        match presence {
            Presence::Absent => return Err(not_running(place)),
            Presence::Starting if patience.is_left() => patience.pause(),
            Presence::Starting => {
                return Err(Report::new(format!(
                    "a daemon has been starting for {} s, and was not stopped",
                    PATIENCE.as_secs()
                )));
            }
            Presence::Running { pid, .. } => {
                if let Some(process) = confirm(place, pid)? {
                    terminate(place, pid, &process)?;
                    return Ok(pid);
                }
            }
        }
    }
}

/// There is no daemon to stop, but perhaps something that says that it is one.
fn not_running(place: &Place) -> Report {
    match place.client.identify_quickly() {
        Ok(daemon) => Report::new(format!(
            "process {} answers at {}, but {}.lock does not say that it is the daemon; it was left alone",
            daemon.pid,
            place.address(),
            place.pidfile.display()
        ))
        .hint("stop it as it was started, or as the user who did"),
        Err(_) => Report::new("Server is not running"),
    }
}

/// The process, if it is the one that answers. `None` if it has ended meanwhile.
fn confirm(place: &Place, pid: u32) -> Result<Option<Process>, Report> {
    let process = Process::open(pid)
        .map_err(|error| Report::new(format!("cannot look at process {pid}: {error}")))?;
    let answer = place.client.identify();
    let is_same = matches!(place.presence()?, Presence::Running { pid: now, .. } if now == pid);
    match answer {
        _ if !is_same => Ok(None),
        Ok(daemon) if daemon.pid == pid => Ok(Some(process)),
        Ok(daemon) => Err(Report::new(format!(
            "process {} answers at {}, and not the daemon, which is process {pid}; neither was stopped",
            daemon.pid,
            place.address()
        ))),
        Err(error) => Err(
            Report::new(format!("the daemon (pid {pid}) was not stopped: {error}")).hint(format!(
                "if it hangs, `kill -9 {pid}` ends it, and loses nothing"
            )),
        ),
    }
}

fn terminate(place: &Place, pid: u32, process: &Process) -> Result<(), Report> {
    process
        .terminate()
        .map_err(|error| Report::new(format!("cannot stop process {pid}: {error}")))?;
    let patience = Patience::new();
    while matches!(place.presence()?, Presence::Running { pid: now, .. } if now == pid) {
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
