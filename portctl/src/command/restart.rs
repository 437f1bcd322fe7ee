//! `portctl restart`.

use port_registry::daemon::Presence;

use super::{Outcome, start};
use crate::args::Restart;
use crate::daemon::{self, Place};

pub(super) fn run(args: &Restart) -> Outcome {
    let place = Place::of_environment()?;
    let turn = place.turn()?;
    let words = match place.presence()? {
        Presence::Absent => "Server started",
        Presence::Starting | Presence::Running { .. } => {
            daemon::stop(&place, &turn)?;
            "Server restarted"
        }
    };
    let started = daemon::start(&place, &turn)?;
    Ok(start::tell(&place, &started, words, args.json))
}
