//! Starts the daemon.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use port_registry::daemon::{DaemonInfo, Presence, Supervisor};
use port_registry::{Builder, DB_VARIABLE};

use super::advice::{
    find_suspended, other_port, restart_for_range, resume_or_end, use_its_registry,
};
use super::flags::DaemonFlags;
use super::log::Log;
use super::poll::{PollDeadline, START_STOP_TIMEOUT};
use super::supervisor::{self, LifecycleAction};
use super::target::Target;
use super::turn::Turn;
use super::unsure::Unsure;
use super::{detach, flags, occupied, own, process, program};
use crate::address::{Address, SocketPath, TcpAddress};
use crate::backend::ClientError;
use crate::environment::ADDRESS_VARIABLE;
use crate::output::wording;
use crate::report::Report;

/// Time for which the lock may appear held after its process has exited.
const GRACE: Duration = Duration::from_secs(1);

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) pid: u32,
    /// It was started by this call.
    pub(crate) is_new: bool,
}

/// Starts the daemon with the address and store of the environment, unless it already runs. Returns once it answers.
pub(crate) fn start(target: &Target, flags: &DaemonFlags) -> Result<Started, Report> {
    // If one runs, there is no need to wait for the turn.
    if let Some(daemon) = own::find(target) {
        return accept_running(target, &daemon, flags);
    }
    let address = listen_address(target, None)?;
    let target = &target.with_address(&address);
    start_with(target, &address, flags, &target.turn()?)
}

/// Returns the address at which to start a daemon. Through the socket of a daemon that runs, this is where that listens.
pub(super) fn listen_address(
    target: &Target,
    running: Option<Presence>,
) -> Result<TcpAddress, Report> {
    match (target.address(), running) {
        (Address::Tcp(address), _) if address.is_local() => Ok(address.clone()),
        (Address::Tcp(address), _) => Err(Report::new(format!(
            "portctl starts a daemon at 127.0.0.1 only, but {ADDRESS_VARIABLE} is {address}"
        ))
        .hint(format!(
            "start the daemon on that machine, or `unset {ADDRESS_VARIABLE}`"
        ))),
        (Address::Unix(_), Some(Presence::Running { address, .. })) if target.is_of(address) => {
            Ok(TcpAddress::of(address))
        }
        (Address::Unix(path), _) => Err(report_socket(target, path)),
    }
}

/// Reports a socket in place of an address at which a daemon can be started.
fn report_socket(target: &Target, path: &SocketPath) -> Report {
    // A daemon that this home folder does not know belongs to another one, for example outside of this container.
    match target.client.identify_quickly() {
        Ok(daemon) => target.not_the_daemon(&daemon).hint(
            "start and stop it where it was started, for example outside of this container",
        ),
        Err(_) => Report::new(format!(
            "a daemon is started by its port, but {ADDRESS_VARIABLE} is {path}"
        ))
        .hint(format!(
            "`{ADDRESS_VARIABLE}= portctl start` starts it; it makes its socket beside its pidfile itself"
        )),
    }
}

/// Starts a daemon at this address, which is the target's, with these flags.
pub(super) fn start_with(
    target: &Target,
    address: &TcpAddress,
    flags: &DaemonFlags,
    _: &Turn,
) -> Result<Started, Report> {
    let deadline = PollDeadline::new();
    let grace = PollDeadline::of(GRACE);
    loop {
        let presence = target.presence()?;
        if let Some(report) = target.elsewhere(presence) {
            return Err(report);
        }
        if let Some(unsure) = Unsure::of(target, presence) {
            // It may have just exited.
            if unsure.place.is_process() || !grace.is_left() {
                return Err(unsure.report());
            }
            grace.pause();
            continue;
        }
        if presence == Presence::Starting && deadline.is_left() {
            deadline.pause();
            continue;
        }
        let answer = target.client.identify_quickly();
        match (presence, answer) {
            (_, Err(error @ ClientError::Denied { .. })) => {
                let before = match presence {
                    Presence::Running { pid, .. } => {
                        format!("the daemon (pid {pid}) was not contacted")
                    }
                    Presence::Starting | Presence::Absent => "no daemon was started".to_owned(),
                };
                return Err(Report::from(error).prefixed(&before));
            }
            (Presence::Running { pid, .. }, Ok(daemon)) if daemon.pid == pid => {
                return accept_running(target, &daemon, flags);
            }
            (
                Presence::Running { pid, .. },
                Err(ClientError::NotUnderstood {
                    pid: by,
                    supervisor,
                    ..
                }),
            ) if by == pid => return Err(report_other_version(pid, supervisor.as_ref())),
            // It is about to exit.
            (Presence::Running { .. }, _) if deadline.is_left() => {
                deadline.pause();
            }
            (Presence::Starting | Presence::Running { .. }, _) => {
                return Err(report_unresponsive(target, presence));
            }
            (Presence::Absent, Err(ClientError::NothingListens { .. })) => {
                return match occupied::report_unusable_port(address) {
                    Some(report) => Err(report),
                    None => launch(target, address, flags),
                };
            }
            // Another process has just started one; look again.
            (Presence::Absent, _) if target.presence()? != Presence::Absent => {}
            (Presence::Absent, Ok(daemon)) => {
                return Err(target.not_the_daemon(&daemon).hint(other_port(address)));
            }
            (Presence::Absent, Err(error)) => {
                return Err(occupied::report_server(address, &error));
            }
        }
    }
}

/// Accepts a daemon that runs already, if it serves the registry and range of the environment and has the flags that are
/// given.
fn accept_running(
    target: &Target,
    daemon: &DaemonInfo,
    flags: &DaemonFlags,
) -> Result<Started, Report> {
    let registry = Builder::from_env()?;
    if own::difference(daemon, &registry).is_some() {
        return Err(report_difference(target, daemon, &registry));
    }
    if flags.differ_from(daemon) {
        return Err(report_other_flags(target, daemon, flags));
    }
    Ok(Started {
        pid: daemon.pid,
        is_new: false,
    })
}

/// Reports a running daemon whose identity this portctl cannot parse.
fn report_other_version(pid: u32, supervisor: Option<&Supervisor>) -> Report {
    let hint = match supervisor::command(supervisor, LifecycleAction::Restart) {
        Some(command) => format!("`{command}` replaces it"),
        None => "`portctl restart` replaces it".to_owned(),
    };
    Report::new(format!(
        "the daemon (pid {pid}) has another version than portctl, and they are not compatible"
    ))
    .hint(hint)
}

/// Reports a running daemon with another store or range than the environment.
pub(super) fn report_difference(
    target: &Target,
    daemon: &DaemonInfo,
    registry: &Builder,
) -> Report {
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

/// Reports a running daemon with other flags than those that are given.
fn report_other_flags(target: &Target, daemon: &DaemonInfo, flags: &DaemonFlags) -> Report {
    let running = flags::words_of(daemon).join(" ");
    let running = if running.is_empty() {
        "without these flags".to_owned()
    } else {
        format!("with {running}")
    };
    Report::new(format!(
        "the daemon at {} (pid {}) runs already, {running}",
        target.address(),
        daemon.pid
    ))
    .hint(flags.advise_restart(daemon))
}

/// Reports a daemon that holds its lock but does not answer.
fn report_unresponsive(target: &Target, presence: Presence) -> Report {
    let (which, hint) = match presence {
        Presence::Running { pid, address } => (
            format!("the daemon (pid {pid})"),
            resume_or_end(pid, target.place_of(pid, address)),
        ),
        Presence::Starting | Presence::Absent => {
            ("a daemon that is starting".to_owned(), find_suspended())
        }
    };
    Report::new(format!(
        "{which} has not answered at {} for {} s",
        target.address(),
        START_STOP_TIMEOUT.as_secs()
    ))
    .hint(hint)
}

fn launch(target: &Target, address: &TcpAddress, flags: &DaemonFlags) -> Result<Started, Report> {
    let store = Builder::from_env()?.store_path()?;
    let program = program::find()?;
    let log = open_log(target)?;
    let mut command = detach::command(&program)
        .map_err(|error| Report::new(format!("cannot run portctl itself: {error}")))?;
    command
        .args(["--port", &address.port().to_string()])
        .args(flags.words())
        // The daemon rotates its log, which it can only do if it knows the name.
        .arg("--log")
        .arg(log.path())
        // Pass the absolute path, because the daemon runs in another folder.
        .env(DB_VARIABLE, &store)
        .stderr(
            log.writer()
                .map_err(|error| report_log(log.path(), &error))?,
        );
    let child = command
        .spawn()
        .map_err(|error| Report::new(format!("cannot run {}: {error}", program.display())))?;
    await_answer(target, address, flags, child, log)
}

/// Opens the log of the daemon.
pub(super) fn open_log(target: &Target) -> Result<Log, Report> {
    let path = target.file("port-registry.log");
    Log::open(path.clone()).map_err(|error| report_log(&path, &error))
}

fn report_log(path: &Path, error: &io::Error) -> Report {
    Report::new(format!("cannot log to {}: {error}", path.display()))
}

/// Waits until the daemon answers, and makes sure that it is the child.
fn await_answer(
    target: &Target,
    address: &TcpAddress,
    flags: &DaemonFlags,
    mut child: Child,
    log: Log,
) -> Result<Started, Report> {
    let deadline = PollDeadline::new();
    loop {
        // The process that holds the lock must be the one that answers. Do not connect before it listens: the kernel may
        // choose the daemon's own port for this end of the connection, which then keeps the daemon from it.
        let daemon = match target.presence() {
            Ok(Presence::Running { pid, .. }) => match target.client.identify_quickly() {
                // The user namespace has no user by whom they know each other.
                Err(error @ (ClientError::Foreign { .. } | ClientError::Refused { .. }))
                    if process::is_of_session(pid, child.id()) =>
                {
                    process::kill_session(&mut child);
                    return Err(Report::new(format!(
                        "the daemon was started, and stopped again: {error}"
                    ))
                    .hint("start it outside of this user namespace or sandbox"));
                }
                answer => answer.ok().filter(|daemon| daemon.pid == pid),
            },
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
            (Ok(None), _) if deadline.is_left() => deadline.pause(),
            (Ok(None), _) => {
                process::kill_session(&mut child);
                let message = format!(
                    "the daemon did not answer within {} s",
                    START_STOP_TIMEOUT.as_secs()
                );
                return Err(with_log(Report::new(message), log, address));
            }
            // Another process started a daemon first.
            (Ok(Some(_)), Some(daemon)) => return accept_running(target, &daemon, flags),
            (Ok(Some(status)), None) => return Err(with_log(report_exit(status), log, address)),
            (Err(error), _) => {
                return Err(Report::new(format!(
                    "cannot get the state of the daemon's process: {error}"
                )));
            }
        }
    }
}

fn report_exit(status: ExitStatus) -> Report {
    Report::new(format!(
        "the daemon exited immediately after it was started ({status})"
    ))
}

fn with_log(report: Report, log: Log, address: &TcpAddress) -> Report {
    let path = log.path().display().to_string();
    let lines = log.last_lines();
    let hint = if lines.is_empty() {
        let program =
            program::find().map_or_else(|_| program::NAME.into(), PathBuf::into_os_string);
        format!(
            "its log {path} is empty, possibly because the disk is full; `{} --port {}` shows the error in the \
             foreground",
            wording::quoted(&program.to_string_lossy()),
            address.port()
        )
    } else {
        format!("see its log, {path}")
    };
    report.log(lines).hint(hint)
}
