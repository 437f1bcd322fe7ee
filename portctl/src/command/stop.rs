//! `portctl stop`.

use serde::Serialize;

use super::outcome::{CommandResult, Done};
use crate::args::StopArgs;
use crate::daemon::{self, Target};
use crate::output;

/// The JSON document about a daemon that was stopped.
#[derive(Serialize)]
struct StoppedDocument {
    pid: u32,
}

pub(crate) fn run(args: &StopArgs) -> CommandResult {
    let target = Target::of_environment()?;
    let pid = daemon::stop(&target)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&StoppedDocument { pid })
    } else {
        output::print(&format!("Server stopped (pid {pid})"))
    }))
}
