//! `portctl restart`.

use port_registry::daemon::Presence;

use super::outcome::{CommandResult, Done};
use super::start;
use crate::args::RestartArgs;
use crate::daemon::{self, DaemonFlags, Target};

pub(crate) fn run(args: &RestartArgs) -> CommandResult {
    let target = Target::of_environment()?;
    let was_there = target.presence()? != Presence::Absent;
    let flags = DaemonFlags::given(args.allow_users.as_ref(), args.container);
    let started = daemon::restart(&target, &flags)?;
    let words = match (was_there, started.is_new) {
        (true, true) => "Server restarted",
        (false, true) => "Server started",
        // Another process started one first.
        (_, false) => "Server is already running",
    };
    let address = target.address().url();
    let line = format!("{words} (pid {}) at {address}", started.pid);
    let printed = start::print(&target, &started, &line, args.json);
    Ok(Done::Printed(printed))
}
