//! Choosing a port for a service.

use super::assignment_order::AssignmentOrder;
use super::probe_cache::ProbeCache;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::system::probe::Verdict;
use crate::types::claim::{Claim, ListenerPolicy};
use crate::types::port::Port;
use crate::types::service_move::Move;

/// The choice of a port.
pub(super) enum PortChoice {
    /// The service can get this port.
    Port(Port),
    /// It can get none.
    Refused(Error),
    /// The choice needs more probes than this phase allows.
    Defer,
}

impl PortChoice {
    /// Chooses the port for a claim: the one that it names, or else the preferred one if that is available, or else the
    /// best one.
    pub(super) fn for_claim(
        claim: &Claim,
        rows: &dyn Rows,
        order: &AssignmentOrder,
        cache: &mut ProbeCache,
    ) -> Result<PortChoice, Fault> {
        if let Some(port) = claim.port() {
            return named(port, claim.listener_policy(), rows, order, cache);
        }
        if let Some(port) = claim.prefer()
            && let Some(choice) = preferred(port, rows, order, cache)?
        {
            return Ok(choice);
        }
        best(claim.avoided_ports(), rows, order, cache)
    }

    /// Chooses the port for a move, like [`for_claim`](Self::for_claim). Returns `None` if the service is to keep its port,
    /// because the preferred one is not available.
    pub(super) fn for_move(
        wanted: &Move,
        rows: &dyn Rows,
        order: &AssignmentOrder,
        cache: &mut ProbeCache,
    ) -> Result<Option<PortChoice>, Fault> {
        match (wanted.port(), wanted.prefer()) {
            (Some(port), _) => named(port, wanted.listener_policy(), rows, order, cache).map(Some),
            (None, Some(port)) => preferred(port, rows, order, cache),
            // The best port is never the current one, because that one is allocated.
            (None, None) => best(&[], rows, order, cache).map(Some),
        }
    }
}

/// Chooses a port that a request names, or refuses it.
fn named(
    port: Port,
    listener_policy: ListenerPolicy,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<PortChoice, Fault> {
    if let Some(holder) = rows.by_port(port)? {
        let holder = Box::new(holder);
        return Ok(PortChoice::Refused(Error::PortTaken { holder }));
    }
    if listener_policy == ListenerPolicy::Adopt {
        return Ok(PortChoice::Port(port));
    }
    Ok(match cache.verdict_of_named(port, order) {
        Ok(Some(Verdict::Busy)) => PortChoice::Refused(Error::PortInUse { port }),
        // Another user may be able to bind the port, for example the proxy of a container.
        Ok(Some(Verdict::Free | Verdict::Denied)) => PortChoice::Port(port),
        Ok(None) => PortChoice::Defer,
        Err(error) => PortChoice::Refused(error),
    })
}

/// Chooses a port that a request prefers. Returns `None` if it is not available.
fn preferred(
    port: Port,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<Option<PortChoice>, Fault> {
    let is_eligible = order.range().contains(port) && !cache.is_reserved(port);
    if !is_eligible || rows.by_port(port)?.is_some() {
        return Ok(None);
    }
    Ok(match cache.verdict_of_named(port, order) {
        Ok(Some(Verdict::Free)) => Some(PortChoice::Port(port)),
        Ok(Some(Verdict::Busy | Verdict::Denied)) => None,
        Ok(None) => Some(PortChoice::Defer),
        Err(error) => Some(PortChoice::Refused(error)),
    })
}

/// Chooses the best port that is neither allocated nor in use nor avoided.
fn best(
    avoided: &[Port],
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<PortChoice, Fault> {
    let mut refused = None;
    for span in order.spans(cache.searched_to()) {
        for run in rows.free_runs(span.ports())? {
            for port in span.of_class(run?) {
                if cache.is_reserved(port) || avoided.binary_search(&port).is_ok() {
                    continue;
                }
                match cache.verdict(port) {
                    Ok(Some(Verdict::Free)) => return Ok(PortChoice::Port(port)),
                    Ok(Some(Verdict::Busy | Verdict::Denied)) => refused = None,
                    // A sandbox may allow the next one.
                    Err(error @ Error::MayNotBind { .. }) if refused.is_none() => {
                        refused = Some(error);
                    }
                    Ok(None) => return Ok(PortChoice::Defer),
                    Err(error) => return Ok(PortChoice::Refused(error)),
                }
            }
        }
    }
    let range = order.range();
    let error = refused.unwrap_or(Error::NoFreePort { range });
    Ok(PortChoice::Refused(error))
}
