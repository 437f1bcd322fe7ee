//! Choosing a port for a service.

use super::assignment_order::AssignmentOrder;
use super::probe_cache::ProbeCache;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::system::probe::Verdict;
use crate::types::claim::ListenerPolicy;
use crate::types::port::Port;

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
    /// Chooses the wanted port, or the best one that is neither allocated nor in use.
    pub(super) fn of(
        wanted: Option<Port>,
        listener_policy: ListenerPolicy,
        rows: &dyn Rows,
        order: &AssignmentOrder,
        cache: &mut ProbeCache,
    ) -> Result<PortChoice, Fault> {
        let Some(port) = wanted else {
            return best(rows, order, cache);
        };
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
}

/// Chooses the best port that is neither allocated nor in use.
fn best(
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<PortChoice, Fault> {
    let mut refused = None;
    for span in order.spans(cache.searched_to()) {
        for run in rows.free_runs(span.ports())? {
            for port in span.of_class(run?) {
                if cache.is_reserved(port) {
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
