//! A look at the ports of services before a command starts.

use port_registry::{
    Allocation, Listener, PortUsage, PortUse, Probe, ServiceState, SystemProbe, Verdict,
};

use super::super::invocation::Invocation;
use super::super::servers::server_report::{described, foreign};
use crate::backend::{self, Backend};
use crate::command_error::CommandError;
use crate::report::Report;
use crate::server::Server;
use crate::whose::Whose;

/// The consequence of a process that has the port of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consequence {
    Nothing,
    Note,
    Refusal,
}

/// The command, as far as it decides what a busy port means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Starting<'a> {
    pub(super) invocation: &'a Invocation,
    /// The service whose port the command surely listens on, because it is a known server.
    pub(super) served: Option<&'a Allocation>,
    /// Clients expect their service to be up.
    pub(super) may_serve: bool,
}

/// Looks at the ports of services, and returns notes about those that are in use.
///
/// A free port takes only a bind, without the registry. A system that does not tell leaves it to the command to find out.
///
/// # Errors
///
/// Fails if the command would meet another checkout's process, unless it is forced.
pub(super) fn look(
    services: &[Allocation],
    starting: Starting,
) -> Result<Vec<String>, CommandError> {
    let is_busy = |it: &&Allocation| matches!(SystemProbe.probe(it.port), Ok(Verdict::Busy));
    let busy: Vec<Allocation> = services.iter().filter(is_busy).cloned().collect();
    if busy.is_empty() {
        return Ok(Vec::new());
    }
    let backend = backend::open()?;
    let mut notes = Vec::new();
    // One look at all processes is enough for the services that are up.
    for status in backend.status(busy)? {
        match (status.state, &status.listener) {
            (ServiceState::Up, Some(listener)) => {
                notes.extend(up(&status.allocation, listener, starting));
            }
            _ => notes.extend(look_closely(&*backend, &status.allocation, starting)?),
        }
    }
    Ok(notes)
}

/// Looks at a port that something other than its service may have.
fn look_closely(
    backend: &dyn Backend,
    allocation: &Allocation,
    starting: Starting,
) -> Result<Option<String>, CommandError> {
    let Some(in_use) = backend.check(allocation.port)?.in_use else {
        return Ok(None);
    };
    let owner = Whose::of(&in_use, allocation.dir.as_deref());
    if let (Whose::Ours, Some(listener)) = (&owner, &in_use.listener) {
        return Ok(up(allocation, listener, starting));
    }
    let is_served = starting.served.is_some_and(|it| it.id == allocation.id);
    let consequence = consequence(&owner, &in_use, is_served);
    let server = Server {
        addresses: Vec::new(),
        in_use,
        owner,
    };
    let is_forced = starting.invocation.has_switch("--force");
    match consequence {
        Consequence::Nothing => Ok(None),
        Consequence::Refusal if !is_forced => {
            Err(refusal(starting.invocation, allocation, &server).into())
        }
        Consequence::Note | Consequence::Refusal => Ok(Some(described(allocation, &server))),
    }
}

/// Decides what follows from a process that has the port of a service. `is_served` tells that the command itself surely listens
/// on the port.
fn consequence(owner: &Whose, in_use: &PortUse, is_served: bool) -> Consequence {
    match (owner, in_use.usage) {
        (Whose::Foreign(_), _) => Consequence::Refusal,
        (Whose::Unknown(_) | Whose::Daemon, _) if is_served => Consequence::Refusal,
        // Servers can bind such a port (SO_REUSEADDR).
        (Whose::Nobody, PortUsage::Closing) => Consequence::Nothing,
        (Whose::Unknown(_) | Whose::Daemon | Whose::Nobody | Whose::Ours, _) => Consequence::Note,
    }
}

fn refusal(invocation: &Invocation, allocation: &Allocation, server: &Server) -> Report {
    const FORCED: &str = "with --force, the command is run all the same";
    let report = foreign(invocation, allocation, server);
    let step = report.hint.as_deref();
    let hint = step.map_or_else(|| FORCED.to_owned(), |step| format!("{step}; {FORCED}"));
    report.hint(hint)
}

fn up(allocation: &Allocation, listener: &Listener, starting: Starting) -> Option<String> {
    let service = allocation.key.service();
    starting
        .may_serve
        .then(|| format!("{service} is up already: {listener}"))
}

#[cfg(test)]
mod tests {
    use port_registry::PortUse;
    use serde_json::json;

    use super::{Consequence, consequence};
    use crate::whose::Whose;

    #[test]
    fn only_a_server_is_refused_an_unknown_process_on_its_own_port() {
        let foreign = Whose::Foreign("it belongs to another checkout, /blog".to_owned());
        let unknown = Whose::Unknown("its checkout is unknown".to_owned());
        for (owner, usage, of_server, of_other) in [
            (
                &foreign,
                "listening",
                Consequence::Refusal,
                Consequence::Refusal,
            ),
            (
                &unknown,
                "forwarded",
                Consequence::Refusal,
                Consequence::Note,
            ),
            (
                &Whose::Daemon,
                "listening",
                Consequence::Refusal,
                Consequence::Note,
            ),
            (
                &Whose::Nobody,
                "bound",
                Consequence::Note,
                Consequence::Note,
            ),
            (
                &Whose::Nobody,
                "connected",
                Consequence::Note,
                Consequence::Note,
            ),
            (
                &Whose::Nobody,
                "closing",
                Consequence::Nothing,
                Consequence::Nothing,
            ),
            (
                &Whose::Ours,
                "listening",
                Consequence::Note,
                Consequence::Note,
            ),
        ] {
            let in_use: PortUse = serde_json::from_value(json!({ "usage": usage })).unwrap();
            let found = [true, false].map(|it| consequence(owner, &in_use, it));
            assert_eq!(found, [of_server, of_other], "{owner:?} {usage}");
        }
    }
}
