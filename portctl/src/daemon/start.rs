//! Starting the daemon.

use std::process::{Child, ExitStatus};

use port_registry::daemon::{DaemonInfo, Presence, Supervisor};
use port_registry::{Builder, DB_VARIABLE, Listener, Port};

use super::advice::{other_port, restart_for_range, use_its_registry};
use super::log::Log;
use super::patience::{PATIENCE, Patience};
use super::supervisor::{self, Deed};
use super::target::Target;
use super::turn::Turn;
use super::{detach, own, process, program, stop};
use crate::backend::ClientError;
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording;
use crate::report::Report;

/// A daemon that runs.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// It did not run before.
    pub(crate) is_new: bool,
}

/// Starts a daemon at the address in force with the store in force, unless one is there already.
/// Comes back when it answers.
pub(crate) fn start(target: &Target) -> Result<Started, Report> {
    // Where one is there, nobody has to be waited for.
    if let Some(daemon) = own::find(&target.client, &target.pidfile) {
        return already(target, &daemon);
    }
    start_with(target, None, &target.turn()?)
}

/// Stops the daemon, if it runs, and starts it. It goes on choosing from the same ports unless the
/// environment names others.
pub(crate) fn restart(target: &Target) -> Result<Started, Report> {
    // Everything that would keep it from starting is met before it is stopped.
    check_address(target)?;
    program::find()?;
    let registry = Builder::from_env()?;
    registry.store_path()?;
    let turn = target.turn()?;
    if target.settled()? == Presence::Absent {
        return start_with(target, None, &turn);
    }
    let mut range = None;
    if let Ok(daemon) = target.client.identify() {
        if !own::serves_store(&daemon, &registry) {
            return Err(different(target, &daemon, &registry));
        }
        range = Some(daemon.range).filter(|_| registry.range().is_none());
    }
    let stopped = stop::stop_in_turn(target, Deed::Restart, &turn)?;
    start_with(target, range, &turn).map_err(|report| {
        report.prefixed(&format!("the daemon (pid {stopped}) was stopped, and then"))
    })
}

fn check_address(target: &Target) -> Result<(), Report> {
    if target.address().is_local() {
        return Ok(());
    }
    Err(Report::new(format!(
        "a daemon listens at 127.0.0.1 alone, and {ADDRESS_VARIABLE} names {}",
        target.address()
    ))
    .hint(format!(
        "start it on that machine, or unset {ADDRESS_VARIABLE}"
    )))
}

/// Starts a daemon that chooses from these ports, or from those of the environment.
fn start_with(target: &Target, range: Option<String>, _: &Turn) -> Result<Started, Report> {
    check_address(target)?;
    let patience = Patience::new();
    loop {
        let presence = target.presence()?;
        if let Some(report) = target.elsewhere(presence) {
            return Err(report);
        }
        let answer = target.client.identify_quickly();
        match (presence, answer) {
            (Presence::Running { pid, .. }, Ok(daemon)) if daemon.pid == pid => {
                return already(target, &daemon);
            }
            (
                Presence::Running { pid, .. },
                Err(ClientError::NotUnderstood {
                    pid: by,
                    supervisor,
                    ..
                }),
            ) if by == pid => return Err(other_version(pid, supervisor.as_ref())),
            // It is about to listen, or about to end.
            (Presence::Starting | Presence::Running { .. }, _) if patience.is_left() => {
                patience.pause();
            }
            (Presence::Starting | Presence::Running { .. }, _) => {
                return Err(mute(target, presence));
            }
            (Presence::Absent, Err(ClientError::NothingListens { .. })) => {
                return launch(target, range);
            }
            // One has been started just now, and not by this portctl.
            (Presence::Absent, _) if target.presence()? != Presence::Absent => {}
            (Presence::Absent, Ok(daemon)) => return Err(target.not_the_daemon(&daemon)),
            (Presence::Absent, Err(error)) => return Err(occupied(target, &error)),
        }
    }
}

fn already(target: &Target, daemon: &DaemonInfo) -> Result<Started, Report> {
    let registry = Builder::from_env()?;
    if own::difference(daemon, &registry).is_some() {
        return Err(different(target, daemon, &registry));
    }
    Ok(Started {
        pid: daemon.pid,
        is_new: false,
    })
}

/// The daemon that runs says what this portctl does not understand.
fn other_version(pid: u32, supervisor: Option<&Supervisor>) -> Report {
    let hint = match supervisor::command(supervisor, Deed::Restart) {
        Some(command) => format!("`{command}` replaces it"),
        None => "`portctl restart` replaces it".to_owned(),
    };
    Report::new(format!(
        "the daemon (pid {pid}) is of another version than portctl, which does not understand it"
    ))
    .hint(hint)
}

/// The daemon that runs is not the one that is asked for.
fn different(target: &Target, daemon: &DaemonInfo, registry: &Builder) -> Report {
    let difference = own::difference(daemon, registry).unwrap_or_default();
    let hint = if own::serves_store(daemon, registry) {
        restart_for_range(daemon)
    } else {
        use_its_registry(daemon)
    };
    Report::new(format!(
        "the daemon at {} (pid {}) {difference}",
        target.address(),
        daemon.pid
    ))
    .hint(hint)
}

/// Something is at the address that is no daemon.
fn occupied(target: &Target, error: &ClientError) -> Report {
    let listener = Port::new(target.address().port()).ok().map(Listener::find);
    let by = listener.as_ref().map_or_else(String::new, wording::by);
    let what = match error {
        ClientError::Silent { .. } => "which does not answer".to_owned(),
        ClientError::Denied { error, .. } => format!("a port-registry that refuses: {error}"),
        ClientError::NotUnderstood { .. } => "a port-registry of another version".to_owned(),
        _ => "which is not port-registry".to_owned(),
    };
    let address = target.address();
    let told = if by.is_empty() {
        format!("{address} is in use by something else, {what}")
    } else {
        format!("{address} is in use{by}, {what}")
    };
    let hint = format!("stop it, or {}", other_port());
    Report::new(told).listener(listener).hint(hint)
}

/// A daemon holds its lock, and does not answer.
fn mute(target: &Target, presence: Presence) -> Report {
    let which = match presence {
        Presence::Running { pid, .. } => format!("the daemon (pid {pid})"),
        Presence::Starting | Presence::Absent => "a daemon that is starting".to_owned(),
    };
    Report::new(format!(
        "{which} has not answered at {} for {} s",
        target.address(),
        PATIENCE.as_secs()
    ))
    .hint("see whether it is suspended (`kill -CONT` wakes it), or hangs")
}

fn launch(target: &Target, range: Option<String>) -> Result<Started, Report> {
    let store = Builder::from_env()?.store_path()?;
    let program = program::find()?;
    let path = target.file("port-registry.log");
    let log_failed = |error| Report::new(format!("cannot log to {}: {error}", path.display()));
    let log = Log::open(path.clone()).map_err(log_failed)?;
    let mut words = vec!["--port".to_owned(), target.address().port().to_string()];
    if let Some(range) = range {
        words.extend(["--range".to_owned(), range]);
    }
    let mut command = detach::command(&program)
        .map_err(|error| Report::new(format!("cannot run portctl itself: {error}")))?;
    command
        .args(words)
        // As an absolute path, since the daemon runs in another folder.
        .env(DB_VARIABLE, &store)
        .stderr(log.writer().map_err(log_failed)?);
    let child = command
        .spawn()
        .map_err(|error| Report::new(format!("cannot run {}: {error}", program.display())))?;
    await_answer(target, child, log)
}

/// Waits until the daemon answers that the child is, and nobody else.
fn await_answer(target: &Target, mut child: Child, log: Log) -> Result<Started, Report> {
    let patience = Patience::new();
    loop {
        // It holds the lock, it says so there, and it is what answers.
        let daemon = match (target.presence(), target.client.identify_quickly()) {
            (Ok(Presence::Running { pid, .. }), Ok(daemon)) if daemon.pid == pid => Some(daemon),
            _ => None,
        };
        match daemon {
            Some(daemon) if process::is_of_session(daemon.pid, child.id()) => {
                return Ok(Started {
                    pid: daemon.pid,
                    is_new: true,
                });
            }
            _ => {}
        }
        match (child.try_wait(), daemon) {
            (Ok(None), _) if patience.is_left() => patience.pause(),
            (Ok(None), _) => {
                process::kill_session(&mut child);
                let told = format!("the daemon did not answer within {} s", PATIENCE.as_secs());
                return Err(with_log(Report::new(told), log));
            }
            // Somebody else's daemon was quicker.
            (Ok(Some(_)), Some(daemon)) => return already(target, &daemon),
            (Ok(Some(status)), None) => return Err(with_log(ended(status), log)),
            (Err(error), _) => {
                return Err(Report::new(format!(
                    "cannot tell what became of the daemon: {error}"
                )));
            }
        }
    }
}

fn ended(status: ExitStatus) -> Report {
    Report::new(format!(
        "the daemon ended as soon as it was started ({status})"
    ))
}

fn with_log(report: Report, log: Log) -> Report {
    let path = log.path().display().to_string();
    let lines = log.last_lines();
    let hint = if lines.is_empty() {
        format!(
            "it said nothing in {path}, as on a full disk; `port-registry` tells more in the foreground"
        )
    } else {
        format!("its log is {path}")
    };
    report.log(lines).hint(hint)
}
