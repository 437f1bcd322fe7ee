//! Plans requests, given the stored rows and the probes of the system.
//!
//! Planning only reads, so that it can be done twice: first on a snapshot, where there is time to probe ports and
//! where many requests turn out to need no write, and then in the write transaction that carries the plan out.

use super::assignment_order::AssignmentOrder;
use super::probe_cache::ProbeCache;
use super::request::{Answer, Request};
use crate::checkout::compare::CheckoutMatch;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::system::probe::Verdict;
use crate::types::allocation::Allocation;
use crate::types::checkout_path::CheckoutPath;
use crate::types::claim::{Claim, ListenerPolicy};
use crate::types::port::Port;

/// The plan for a request.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// Change nothing, and return this answer.
    Answer(Answer),
    /// Change nothing, and return this error.
    Refuse(Error),
    /// Allocate the port to the claim's service.
    Insert { claim: &'a Claim, port: Port },
    /// Record this checkout for an existing allocation.
    SetDir {
        allocation: Allocation,
        dir: CheckoutPath,
    },
    /// Release these allocations.
    Remove(Vec<Allocation>),
    /// Plan again in the next read phase: the plan needs more probes than this phase allows, or a comparison of folders
    /// that the write phase has no time for.
    Defer,
}

impl<'a> Plan<'a> {
    /// Plans a request.
    pub(super) fn of(
        request: &'a Request,
        rows: &dyn Rows,
        order: &AssignmentOrder,
        cache: &mut ProbeCache,
    ) -> Result<Plan<'a>, Fault> {
        match request {
            Request::Allocate(claim) => match rows.by_key(claim.key())? {
                Some(holder) => Ok(refuse_second_port(claim, holder, cache)),
                None => allocate(claim, rows, order, cache),
            },
            Request::GetOrAllocate(claim) => match rows.by_key(claim.key())? {
                Some(holder) => Ok(keep(claim, holder, cache)),
                None => allocate(claim, rows, order, cache),
            },
            Request::Release(id) => Ok(match rows.by_id(*id)? {
                Some(allocation) => Plan::Remove(vec![allocation]),
                None => Plan::Refuse(Error::NotFound { id: *id }),
            }),
            Request::ReleaseByKey(key) => {
                let found = rows.by_key(key)?;
                Ok(release(found.into_iter().collect()))
            }
            Request::ReleaseMatching(filter) if filter.is_empty() => {
                Ok(Plan::Refuse(Error::EmptyFilter))
            }
            Request::ReleaseMatching(filter) => Ok(release(rows.matching(filter)?)),
        }
    }
}

fn release<'a>(allocations: Vec<Allocation>) -> Plan<'a> {
    if allocations.is_empty() {
        Plan::Answer(Answer::Released(allocations))
    } else {
        Plan::Remove(allocations)
    }
}

/// Refuses a new port to a service that holds one.
fn refuse_second_port<'a>(claim: &Claim, holder: Allocation, cache: &mut ProbeCache) -> Plan<'a> {
    match compare_checkouts(claim, &holder, cache) {
        Some(CheckoutMatch::Same | CheckoutMatch::Gone) => Plan::Refuse(service_taken(holder)),
        Some(CheckoutMatch::Other) => Plan::Refuse(other_checkout(claim, holder)),
        None => Plan::Defer,
    }
}

/// Keeps the port that a service holds, unless it belongs to another checkout or the claim names another port.
fn keep<'a>(claim: &Claim, holder: Allocation, cache: &mut ProbeCache) -> Plan<'a> {
    let is_gone = match compare_checkouts(claim, &holder, cache) {
        Some(CheckoutMatch::Same) => false,
        Some(CheckoutMatch::Gone) => true,
        Some(CheckoutMatch::Other) => return Plan::Refuse(other_checkout(claim, holder)),
        None => return Plan::Defer,
    };
    if claim.port().is_some_and(|port| port != holder.port) {
        return Plan::Refuse(service_taken(holder));
    }
    match claim.dir() {
        Some(dir) if is_gone => Plan::SetDir {
            allocation: holder,
            dir: dir.clone(),
        },
        _ => Plan::Answer(Answer::Existing(holder)),
    }
}

/// Compares the recorded checkout of a service with the claim's. A service without a recorded checkout counts as that
/// of one which is gone. Returns `None` if this phase has no time to look at the folders.
fn compare_checkouts(
    claim: &Claim,
    holder: &Allocation,
    cache: &mut ProbeCache,
) -> Option<CheckoutMatch> {
    match (claim.dir(), holder.dir.as_ref()) {
        (Some(claimed), Some(recorded)) if claimed != recorded => cache.compare(claimed, recorded),
        (Some(_), None) => Some(CheckoutMatch::Gone),
        _ => Some(CheckoutMatch::Same),
    }
}

/// Plans the allocation of a port to a service that holds none.
fn allocate<'a>(
    claim: &'a Claim,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<Plan<'a>, Fault> {
    let Some(port) = claim.port() else {
        return allocate_best(claim, rows, order, cache);
    };
    if let Some(holder) = rows.by_port(port)? {
        let holder = Box::new(holder);
        return Ok(Plan::Refuse(Error::PortTaken { holder }));
    }
    if claim.listener_policy() == ListenerPolicy::Adopt {
        return Ok(Plan::Insert { claim, port });
    }
    Ok(match cache.verdict(port) {
        Ok(Some(Verdict::Busy)) => Plan::Refuse(Error::PortInUse { port }),
        // Another user may be able to bind the port, for example the proxy of a container.
        Ok(Some(Verdict::Free | Verdict::Denied)) => Plan::Insert { claim, port },
        Ok(None) => Plan::Defer,
        Err(error) => Plan::Refuse(error),
    })
}

/// Plans the allocation of the best port that is neither allocated nor in use.
fn allocate_best<'a>(
    claim: &'a Claim,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<Plan<'a>, Fault> {
    for span in order.spans(cache.searched_to()) {
        for run in rows.free_runs(span.ports())? {
            for port in span.of_class(run?) {
                if cache.is_reserved(port) {
                    continue;
                }
                match cache.verdict(port) {
                    Ok(Some(Verdict::Free)) => return Ok(Plan::Insert { claim, port }),
                    Ok(Some(Verdict::Busy | Verdict::Denied)) => {}
                    Ok(None) => return Ok(Plan::Defer),
                    Err(error) => return Ok(Plan::Refuse(error)),
                }
            }
        }
    }
    let range = order.range();
    Ok(Plan::Refuse(Error::NoFreePort { range }))
}

fn service_taken(holder: Allocation) -> Error {
    Error::ServiceTaken {
        holder: Box::new(holder),
    }
}

fn other_checkout(claim: &Claim, holder: Allocation) -> Error {
    Error::OtherCheckout {
        holder: Box::new(holder),
        wanted: claim.dir().map(|dir| dir.to_path_buf()).unwrap_or_default(),
    }
}
