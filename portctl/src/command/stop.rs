//! `portctl stop`.

use serde::Serialize;

use super::outcome::{Done, Outcome};
use crate::args::Stop;
use crate::daemon::{self, Target};
use crate::output;

/// What is told of a daemon that is gone.
#[derive(Serialize)]
struct Document {
    pid: u32,
}

pub(crate) fn run(args: &Stop) -> Outcome {
    let target = Target::of_environment()?;
    let pid = daemon::stop(&target)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&Document { pid })
    } else {
        output::print(&format!("Server stopped (pid {pid})"))
    }))
}
