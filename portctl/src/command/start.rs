//! `portctl start`.

use std::io;

use serde::Serialize;

use super::outcome::{CommandResult, Done};
use crate::args::StartArgs;
use crate::daemon::{self, DaemonFlags, Started, Target};
use crate::output;

/// The JSON document about a daemon that runs.
#[derive(Serialize)]
struct StartedDocument {
    pid: u32,
    address: String,
    started: bool,
}

pub(crate) fn run(args: &StartArgs) -> CommandResult {
    let target = Target::of_environment()?;
    let flags = DaemonFlags::given(args.allow_users.as_ref(), args.container);
    let started = daemon::start(&target, &flags)?;
    let pid = started.pid;
    let address = target.address().url();
    Ok(if started.is_new {
        let line = format!("Server started (pid {pid}) at {address}");
        Done::Printed(print(&target, &started, &line, args.json))
    } else {
        let line = format!("Server is already running (pid {pid}) at {address}");
        Done::No(print(&target, &started, &line, args.json))
    })
}

/// Prints the daemon as JSON, or else the line.
pub(super) fn print(
    target: &Target,
    started: &Started,
    line: &str,
    as_json: bool,
) -> io::Result<()> {
    if as_json {
        output::print_json(&StartedDocument {
            pid: started.pid,
            address: target.address().to_string(),
            started: started.is_new,
        })
    } else {
        output::print(line)
    }
}
