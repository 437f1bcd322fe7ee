//! Starting the daemon.

use std::ffi::OsString;
use std::process::{Child, ExitStatus};

use port_registry::daemon::Presence;
use port_registry::{Listener, Port};

use super::log::Log;
use super::{PATIENCE, Patience, Place, Turn, detach, program};
use crate::door::{ClientError, Daemon};
use crate::environment::ADDRESS_VARIABLE;
use crate::failure::Report;
use crate::wording;

/// A daemon that runs.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// Whether it did not run before.
    pub(crate) is_new: bool,
}

/// Starts a daemon at the address in force with the store in force, unless one is there already.
/// Comes back when it answers.
pub(crate) fn start(place: &Place, _: &Turn) -> Result<Started, Report> {
    if !place.address().is_local() {
        return Err(Report::new(format!(
            "a daemon listens at 127.0.0.1 alone, and {ADDRESS_VARIABLE} names {}",
            place.address()
        ))
        .hint(format!(
            "start it on that machine, or unset {ADDRESS_VARIABLE}"
        )));
    }
    let patience = Patience::new();
    loop {
        let answer = place.client.identify_quickly();
        if let Ok(daemon) = answer {
            return already(place, &daemon);
        }
        let presence = place.presence()?;
        if let Some(report) = place.elsewhere(presence) {
            return Err(report);
        }
        match (presence, answer) {
            (Presence::Absent, Err(ClientError::Refused { .. }) | Ok(_)) => return launch(place),
            (Presence::Absent, Err(error)) => return Err(occupied(place, &error)),
            // It is about to listen, or about to end.
            (Presence::Starting | Presence::Running { .. }, _) if patience.is_left() => {
                patience.pause();
            }
            (Presence::Starting | Presence::Running { .. }, _) => {
                return Err(mute(place, presence));
            }
        }
    }
}

fn already(place: &Place, daemon: &Daemon) -> Result<Started, Report> {
    if place.is_served_by(daemon) {
        return Ok(Started {
            pid: daemon.pid,
            is_new: false,
        });
    }
    Err(Report::new(format!(
        "the daemon at {} (pid {}) serves another registry: {} with the ports {}",
        place.address(),
        daemon.pid,
        daemon.store.display(),
        daemon.range
    ))
    .hint(another_address()))
}

fn another_address() -> String {
    format!("choose another port: {ADDRESS_VARIABLE}=127.0.0.1:PORT portctl start")
}

/// Something is at the address that is no daemon.
fn occupied(place: &Place, error: &ClientError) -> Report {
    let listener = Port::new(place.address().port()).ok().map(Listener::find);
    let by = listener.as_ref().map_or_else(String::new, wording::by);
    let what = match error {
        ClientError::Silent { .. } => "which does not answer",
        _ => "which is not port-registry",
    };
    let address = place.address();
    let told = if by.is_empty() {
        format!("{address} is in use by something else, {what}")
    } else {
        format!("{address} is in use{by}, {what}")
    };
    Report::new(told)
        .listener(listener)
        .hint(format!("stop it, or {}", another_address()))
}

/// A daemon holds its lock, and does not answer.
fn mute(place: &Place, presence: Presence) -> Report {
    let which = match presence {
        Presence::Running { pid, .. } => format!("the daemon (pid {pid})"),
        Presence::Starting | Presence::Absent => "a daemon that is starting".to_owned(),
    };
    Report::new(format!(
        "{which} has not answered at {} for {} s",
        place.address(),
        PATIENCE.as_secs()
    ))
    .hint("see whether it is stopped, or end it by `kill`")
}

fn launch(place: &Place) -> Result<Started, Report> {
    let program = program::find()?;
    let path = place.file("port-registry.log");
    let log_failed = |error| Report::new(format!("cannot log to {}: {error}", path.display()));
    let log = Log::open(path.clone()).map_err(log_failed)?;
    let words = [
        OsString::from("--port"),
        place.address().port().to_string().into(),
        "--db".into(),
        place.store.clone().into(),
        "--pidfile".into(),
        place.pidfile.clone().into(),
    ];
    let writer = log.writer().map_err(log_failed)?;
    let child = detach::spawn(&program, &words, writer)
        .map_err(|error| Report::new(format!("cannot run {}: {error}", program.display())))?;
    await_answer(place, child, log)
}

/// Waits until the child answers, and nobody else.
fn await_answer(place: &Place, mut child: Child, log: Log) -> Result<Started, Report> {
    let patience = Patience::new();
    loop {
        let answer = place.client.identify_quickly();
        match answer {
            Ok(daemon) if daemon.pid == child.id() => {
                return Ok(Started {
                    pid: daemon.pid,
                    is_new: true,
                });
            }
            _ => {}
        }
        match child.try_wait() {
            Ok(None) if patience.is_left() => patience.pause(),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                let told = format!("the daemon did not answer within {} s", PATIENCE.as_secs());
                return Err(with_log(Report::new(told), log));
            }
            // Somebody else's daemon was quicker.
            Ok(Some(_)) if answer.as_ref().is_ok_and(|it| place.is_served_by(it)) => {
                return answer
                    .map_err(Report::from)
                    .and_then(|it| already(place, &it));
            }
            Ok(Some(status)) => return Err(with_log(ended(status), log)),
            Err(error) => return Err(Report::new(format!("the daemon is lost: {error}"))),
        }
    }
}

fn ended(status: ExitStatus) -> Report {
    Report::new(format!(
        "the daemon ended as soon as it was started ({status})"
    ))
}

fn with_log(report: Report, log: Log) -> Report {
    let hint = format!("its log is {}", log.path().display());
    report.log(log.last_lines()).hint(hint)
}
