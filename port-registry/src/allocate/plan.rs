//! Plans requests, given the stored rows and the probes of the system.
//!
//! Planning only reads, so that it can be done twice: first on a snapshot, where there is time to probe ports and
//! where many requests turn out to need no write, and then in the write transaction that carries the plan out.

use super::assignment_order::AssignmentOrder;
use super::checkout_claim::{CheckoutClaim, Found};
use super::port_choice::PortChoice;
use super::probe_cache::ProbeCache;
use super::request::{Answer, Request};
use crate::checkout::compare::CheckoutMatch;
use crate::error::Error;
use crate::store::fault::Fault;
use crate::store::tables::rows::Rows;
use crate::types::allocation::Allocation;
use crate::types::claim::Claim;
use crate::types::label_origin::LabelOrigin;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;
use crate::types::service_move::Move;

/// The plan for a request.
#[derive(Debug)]
pub(super) enum Plan<'a> {
    /// Change nothing, and return this answer.
    Answer(Answer),
    /// Change nothing, and return this error.
    Refuse(Error),
    /// Allocate the port to the service with this key.
    Insert {
        key: ServiceKey,
        claim: &'a Claim,
        port: Port,
    },
    /// Pass an existing allocation on to the checkout of the claim.
    PassOn {
        allocation: Allocation,
        claim: &'a Claim,
    },
    /// Move the service of an allocation to the port.
    Move {
        allocation: Allocation,
        wanted: &'a Move,
        port: Port,
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
            Request::Allocate(claim) => {
                if let Some(checkout) = CheckoutClaim::of(claim, rows)? {
                    return match checkout.find_literally(rows, cache)? {
                        Found::Held(holder) | Found::PassesOn(holder) => {
                            Ok(Plan::Refuse(service_taken(holder)))
                        }
                        Found::Missing(key) => allocate(key, claim, rows, order, cache),
                        Found::Refused(error) => Ok(Plan::Refuse(error)),
                        Found::Defer => Ok(Plan::Defer),
                    };
                }
                match rows.by_key(claim.key())? {
                    Some(holder) => Ok(refuse_second_port(claim, holder, cache)),
                    None => allocate(claim.key().clone(), claim, rows, order, cache),
                }
            }
            Request::GetOrAllocate(claim) => {
                if let Some(checkout) = CheckoutClaim::of(claim, rows)? {
                    return match checkout.find(rows, cache)? {
                        Found::Held(holder) => Ok(keep_port(claim, holder, Plan::existing)),
                        Found::PassesOn(holder) => Ok(keep_port(claim, holder, |allocation| {
                            Plan::PassOn { allocation, claim }
                        })),
                        Found::Missing(key) => allocate(key, claim, rows, order, cache),
                        Found::Refused(error) => Ok(Plan::Refuse(error)),
                        Found::Defer => Ok(Plan::Defer),
                    };
                }
                match rows.by_key(claim.key())? {
                    Some(holder) => Ok(keep(claim, holder, cache)),
                    None => allocate(claim.key().clone(), claim, rows, order, cache),
                }
            }
            Request::Move(wanted) => move_service(wanted, rows, order, cache),
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

impl Plan<'_> {
    fn existing<'a>(allocation: Allocation) -> Plan<'a> {
        Plan::Answer(Answer::Existing(allocation))
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
    if claim.label_origin() == LabelOrigin::Typed {
        return Plan::Refuse(service_taken(holder));
    }
    match compare_checkouts(claim, &holder, cache) {
        Some(CheckoutMatch::Same | CheckoutMatch::Gone) => Plan::Refuse(service_taken(holder)),
        Some(CheckoutMatch::Other) => Plan::Refuse(other_checkout(claim, holder)),
        None => Plan::Defer,
    }
}

/// Keeps the port of a service with the key of a claim. Refuses one of another checkout, unless the user typed the key.
fn keep<'a>(claim: &'a Claim, holder: Allocation, cache: &mut ProbeCache) -> Plan<'a> {
    let is_typed = claim.label_origin() == LabelOrigin::Typed;
    let passes_on = match compare_checkouts(claim, &holder, cache) {
        Some(CheckoutMatch::Same) => false,
        // A user may type the labels of an allocation from anywhere, so they do not show which checkout it belongs to.
        Some(CheckoutMatch::Gone) => !is_typed || holder.dir.is_some(),
        Some(CheckoutMatch::Other) if is_typed => false,
        Some(CheckoutMatch::Other) => return Plan::Refuse(other_checkout(claim, holder)),
        None => return Plan::Defer,
    };
    keep_port(claim, holder, |allocation| {
        if passes_on {
            Plan::PassOn { allocation, claim }
        } else {
            Plan::existing(allocation)
        }
    })
}

/// Makes the plan for a service that has a port, unless the claim names another port.
fn keep_port<'a>(
    claim: &Claim,
    holder: Allocation,
    plan: impl FnOnce(Allocation) -> Plan<'a>,
) -> Plan<'a> {
    match claim.port() {
        Some(port) if port != holder.port => Plan::Refuse(service_taken(holder)),
        _ => plan(holder),
    }
}

/// Compares the recorded checkout of a service with the claim's. A service without a recorded checkout counts as one of
/// a checkout that is gone. Returns `None` if this phase has no time to examine the folders.
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
    key: ServiceKey,
    claim: &'a Claim,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<Plan<'a>, Fault> {
    Ok(match PortChoice::for_claim(claim, rows, order, cache)? {
        PortChoice::Port(port) => Plan::Insert { key, claim, port },
        PortChoice::Refused(error) => Plan::Refuse(error),
        PortChoice::Defer => Plan::Defer,
    })
}

/// Plans the move of a service to another port.
fn move_service<'a>(
    wanted: &'a Move,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    cache: &mut ProbeCache,
) -> Result<Plan<'a>, Fault> {
    let id = wanted.id();
    let Some(allocation) = rows.by_id(id)? else {
        return Ok(Plan::Refuse(Error::NotFound { id }));
    };
    if wanted.port() == Some(allocation.port) {
        return Ok(Plan::existing(allocation));
    }
    Ok(match PortChoice::for_move(wanted, rows, order, cache)? {
        Some(PortChoice::Port(port)) => Plan::Move {
            allocation,
            wanted,
            port,
        },
        Some(PortChoice::Refused(error)) => Plan::Refuse(error),
        Some(PortChoice::Defer) => Plan::Defer,
        None => Plan::existing(allocation),
    })
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
