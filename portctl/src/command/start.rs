//! `portctl start`.

use serde::Serialize;

use super::{Done, Outcome};
use crate::args::Start;
use crate::daemon::{self, Started, Target};
use crate::output;

/// What is told of a daemon that runs now.
#[derive(Serialize)]
struct Document {
    pid: u32,
    address: String,
    started: bool,
}

pub(super) fn run(args: &Start) -> Outcome {
    let target = Target::of_environment()?;
    let started = daemon::start(&target)?;
    let words = if started.is_new {
        "Server started"
    } else {
        "Server is already running"
    };
    Ok(tell(&target, &started, words, args.json))
}

pub(super) fn tell(target: &Target, started: &Started, words: &str, as_json: bool) -> Done {
    Done::Printed(if as_json {
        output::print_json(&Document {
            pid: started.pid,
            address: target.address().to_string(),
            started: started.is_new,
        })
    } else {
        output::print(&format!("{words} (pid {})", started.pid))
    })
}
