//! `portctl restart`.

use port_registry::daemon::Presence;

use super::{Outcome, start};
use crate::args::Restart;
use crate::daemon::{self, Place};

pub(super) fn run(args: &Restart) -> Outcome {
    let place = Place::of_environment()?;
    let was_there = place.presence()? != Presence::Absent;
    let started = daemon::restart(&place)?;
    let words = match (was_there, started.is_new) {
        (true, true) => "Server restarted",
        (false, true) => "Server started",
        // Somebody else's was quicker.
        (_, false) => "Server is already running",
    };
    Ok(start::tell(&place, &started, words, args.json))
}
