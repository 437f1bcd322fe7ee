//! Plans requests, given what is stored and what the system says.
//!
//! A plan is made by looking only, so that it can be made twice: on a snapshot, where there is
//! time to probe ports and where many requests turn out to need no write at all, and again on the
//! ledger, where it is carried out.

use crate::allocate::assignment_order::{AssignmentOrder, Visit};
use crate::allocate::probe_cache::Scout;
use crate::allocate::request::{Answer, Claim, ListenerPolicy, Request};
use crate::allocation::Allocation;
use crate::checkout::compare::Recorded;
use crate::error::Error;
use crate::port::Port;
use crate::store::{Fault, Rows};
use crate::system::probe::Verdict;

/// The way to carry out a request.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// Nothing: this is the answer.
    Answer(Answer),
    /// Nothing: this stands in the way.
    Refuse(Error),
    /// Give the port to the service.
    Insert { claim: &'a Claim, port: Port },
    /// The service keeps its port, and belongs to this checkout from now on.
    SetDir { allocation: Allocation, dir: String },
    /// Free the ports of these.
    Remove(Vec<Allocation>),
    /// It takes more scouting than there is time for while others wait.
    ScoutMore,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(
        request: &'a Request,
        rows: &dyn Rows,
        order: &AssignmentOrder,
        scout: &mut Scout,
    ) -> Result<Plan<'a>, Fault> {
        match request {
            Request::Allocate(claim) => match rows.by_key(&claim.key)? {
                Some(holder) => Ok(refuse_new(claim, holder, scout)),
                None => place(claim, rows, order, scout),
            },
            Request::GetOrAllocate(claim) => match rows.by_key(&claim.key)? {
                Some(holder) => Ok(keep(claim, holder, scout)),
                None => place(claim, rows, order, scout),
            },
            Request::Release(id) => Ok(match rows.by_id(*id)? {
                Some(allocation) => Plan::Remove(vec![allocation]),
                None => Plan::Refuse(Error::NotFound { id: *id }),
            }),
            Request::ReleaseMatching(filter) if filter.is_empty() => {
                Ok(Plan::Refuse(Error::EmptyFilter))
            }
            Request::ReleaseMatching(filter) => {
                let matching = rows.matching(filter)?;
                Ok(if matching.is_empty() {
                    Plan::Answer(Answer::Released(matching))
                } else {
                    Plan::Remove(matching)
                })
            }
        }
    }
}

/// Refuses a new port to a service that holds one.
fn refuse_new<'a>(claim: &Claim, holder: Allocation, scout: &mut Scout) -> Plan<'a> {
    match compare_checkouts(claim, &holder, scout) {
        Some(Recorded::Same | Recorded::Gone) => Plan::Refuse(service_taken(holder)),
        Some(Recorded::Other) => Plan::Refuse(other_checkout(claim, holder)),
        None => Plan::ScoutMore,
    }
}

/// Keeps the port that a service holds, unless it belongs to another checkout or the claim names another
/// port.
fn keep<'a>(claim: &Claim, holder: Allocation, scout: &mut Scout) -> Plan<'a> {
    let is_to_move = match compare_checkouts(claim, &holder, scout) {
        Some(Recorded::Same) => false,
        Some(Recorded::Gone) => true,
        Some(Recorded::Other) => return Plan::Refuse(other_checkout(claim, holder)),
        None => return Plan::ScoutMore,
    };
    if claim.port.is_some_and(|port| port != holder.port) {
        return Plan::Refuse(service_taken(holder));
    }
    match &claim.dir {
        Some(dir) if is_to_move => Plan::SetDir {
            allocation: holder,
            dir: dir.clone(),
        },
        _ => Plan::Answer(Answer::Existing(holder)),
    }
}

/// Compares the recorded checkout of a service with the one that claims it. A service without a recorded
/// checkout counts as that of one which is gone. Returns `None` if this step has no time to look.
fn compare_checkouts(claim: &Claim, holder: &Allocation, scout: &mut Scout) -> Option<Recorded> {
    match (&claim.dir, &holder.dir) {
        (Some(wanted), Some(held)) if wanted != held => scout.compare(wanted, held),
        (Some(_), None) => Some(Recorded::Gone),
        _ => Some(Recorded::Same),
    }
}

/// Finds a port for a service that has none.
fn place<'a>(
    claim: &'a Claim,
    rows: &dyn Rows,
    order: &AssignmentOrder,
    scout: &mut Scout,
) -> Result<Plan<'a>, Fault> {
    let port = match claim.port {
        Some(port) => {
            if let Some(holder) = rows.by_port(port)? {
                let holder = Box::new(holder);
                return Ok(Plan::Refuse(Error::PortTaken { holder }));
            }
            if claim.listener == ListenerPolicy::Refuse {
                match scout.verdict(port) {
                    Ok(Some(Verdict::Busy)) => return Ok(Plan::Refuse(Error::PortInUse { port })),
                    // A port that this user may not bind, another may: a container's proxy, say.
                    Ok(Some(Verdict::Free | Verdict::Denied)) => {}
                    Ok(None) => return Ok(Plan::ScoutMore),
                    Err(error) => return Ok(Plan::Refuse(error)),
                }
            }
            port
        }
        None => match best_free(rows, order, scout)? {
            Ok(port) => port,
            Err(plan) => return Ok(plan),
        },
    };
    Ok(Plan::Insert { claim, port })
}

/// The best port that is neither allocated nor in use, or the plan that follows without one.
fn best_free<'a>(
    rows: &dyn Rows,
    order: &AssignmentOrder,
    scout: &mut Scout,
) -> Result<Result<Port, Plan<'a>>, Fault> {
    let range = order.range();
    let mut found = Err(Plan::Refuse(Error::NoFreePort { range }));
    order.best_first(
        scout.searched_to(),
        |span| rows.free_runs(span),
        |port| {
            if scout.is_spoken_for(port) {
                return Ok(Visit::Continue);
            }
            found = match scout.verdict(port) {
                Ok(Some(Verdict::Free)) => Ok(port),
                Ok(Some(Verdict::Busy | Verdict::Denied)) => return Ok(Visit::Continue),
                Ok(None) => Err(Plan::ScoutMore),
                Err(error) => Err(Plan::Refuse(error)),
            };
            Ok(Visit::Stop)
        },
    )?;
    Ok(found)
}

fn service_taken(holder: Allocation) -> Error {
    Error::ServiceTaken {
        holder: Box::new(holder),
    }
}

fn other_checkout(claim: &Claim, holder: Allocation) -> Error {
    Error::OtherCheckout {
        holder: Box::new(holder),
        wanted: claim.dir.clone().unwrap_or_default(),
    }
}
