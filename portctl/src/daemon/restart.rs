//! Restarts the daemon.

use port_registry::daemon::{AllowedUsersError, Presence};
use port_registry::{Builder, Error};

use super::flags::DaemonFlags;
use super::start::{Started, listen_address, open_log, report_difference, start_with};
use super::supervisor::LifecycleAction;
use super::target::Target;
use super::unsure::Unsure;
use super::{own, program, stop};
use crate::report::Report;

/// The start of the errors after which the daemon runs as before.
const NOT_RESTARTED: &str = "the daemon was not restarted";

/// Stops the daemon, if it runs, and starts it. It keeps its range, unless the environment sets one, and its
/// flags, unless others are given.
pub(crate) fn restart(target: &Target, flags: &DaemonFlags) -> Result<Started, Report> {
    // Before stopping the daemon, check everything that could prevent the new one from starting.
    let address = listen_address(target, Some(target.presence()?))?;
    // Use the address from here on. The socket may lead to a daemon in another network, which must not be restarted in this one.
    let target = &target.with_address(&address);
    program::find()?;
    let registry = Builder::from_env()?;
    registry.store_path()?;
    let turn = target.turn()?;
    if target.settled()? == Presence::Absent {
        return start_with(target, &address, flags, &turn);
    }
    if let Some(unsure) = Unsure::of(target, target.presence()?)
        && unsure.place.is_process()
    {
        return Err(unsure.report().prefixed(NOT_RESTARTED));
    }
    let mut flags = flags.clone();
    if let Ok(daemon) = target.client.identify() {
        if !own::serves_store(&daemon, &registry) {
            return Err(report_difference(target, &daemon, &registry));
        }
        flags = flags
            .or_those_of(&daemon)
            .map_err(|error| unknown_users(&error))?;
        if registry.range().is_none() {
            flags.range = Some(daemon.range);
        }
    }
    try_files(target, registry).map_err(|report| report.prefixed(NOT_RESTARTED))?;
    let stopped = stop::stop_in_turn(target, LifecycleAction::Restart, &turn)?;
    start_with(target, &address, &flags, &turn).map_err(|report| {
        report.prefixed(&format!("the daemon (pid {stopped}) was stopped, and then"))
    })
}

/// Opens the files that the new daemon needs, as it will do itself.
fn try_files(target: &Target, registry: Builder) -> Result<(), Report> {
    match registry.open()?.try_write() {
        // Another process writes at the moment, which does not stop a daemon from starting.
        Ok(()) | Err(Error::Busy { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    open_log(target).map(drop)
}

/// Reports a running daemon whose list of users this portctl cannot parse, and which a new daemon would not serve.
fn unknown_users(error: &AllowedUsersError) -> Report {
    Report::new(format!(
        "{NOT_RESTARTED}: of the users that it serves, {error}"
    ))
    .hint("name them: `portctl restart --allow-users USERS`")
}
