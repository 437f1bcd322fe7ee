//! What a request comes to, given what is stored and what the system says.
//!
//! A plan is made by looking only, so that it can be made twice: on a snapshot, where there is
//! time to probe ports and where many requests turn out to need no write at all, and again on the
//! ledger, where it is carried out.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use crate::allocation::Allocation;
use crate::assign::{AssignmentOrder, Visit};
use crate::error::Error;
use crate::port::Port;
use crate::probe::{Probe, Verdict};
use crate::request::{Answer, Claim, ListenerPolicy, Request};
use crate::service_key::ServiceKey;
use crate::store::{Fault, Rows};

/// What is to be done about a request.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Nothing: this is the answer.
    Answer(Answer),
    /// Nothing: this stands in the way.
    Refuse(Error),
    /// Give the port to the service.
    Insert {
        key: ServiceKey,
        port: Port,
        dir: Option<String>,
    },
    /// The service keeps its port, and belongs to this checkout from now on.
    SetDir { allocation: Allocation, dir: String },
    /// Free the ports of these.
    Remove(Vec<Allocation>),
    /// More ports have to be probed than the scout may for now.
    ScoutMore,
}

impl Plan {
    pub(crate) fn of(
        request: &Request,
        rows: &impl Rows,
        order: &AssignmentOrder,
        scout: &mut Scout,
    ) -> Result<Plan, Fault> {
        match request {
            Request::Allocate(claim) => match rows.by_key(&claim.key)? {
                Some(holder) => Ok(Plan::Refuse(service_taken(holder))),
                None => place(claim, rows, order, scout),
            },
            Request::GetOrAllocate(claim) => match rows.by_key(&claim.key)? {
                Some(holder) => Ok(keep(claim, holder)),
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

/// The service holds a port already, and may keep it.
fn keep(claim: &Claim, holder: Allocation) -> Plan {
    let moved_to = match (&claim.dir, &holder.dir) {
        (Some(wanted), Some(held)) if is_other_checkout(wanted, held) => {
            let wanted = wanted.clone();
            let holder = Box::new(holder);
            return Plan::Refuse(Error::OtherCheckout { holder, wanted });
        }
        // The checkout moved, or none was recorded.
        (Some(wanted), held) if held.as_ref() != Some(wanted) => Some(wanted.clone()),
        _ => None,
    };
    if claim.port.is_some_and(|port| port != holder.port) {
        return Plan::Refuse(service_taken(holder));
    }
    match moved_to {
        Some(dir) => Plan::SetDir {
            allocation: holder,
            dir,
        },
        None => Plan::Answer(Answer::Existing(holder)),
    }
}

/// Whether `held` exists and is not the checkout `wanted` by another name.
fn is_other_checkout(wanted: &str, held: &str) -> bool {
    if wanted == held {
        return false;
    }
    // A folder that cannot be looked at may well exist.
    let exists = Path::new(held).try_exists().unwrap_or(true);
    exists
        && !matches!((fs::canonicalize(wanted), fs::canonicalize(held)), (Ok(a), Ok(b)) if a == b)
}

/// Finds a port for a service that has none.
fn place(
    claim: &Claim,
    rows: &impl Rows,
    order: &AssignmentOrder,
    scout: &mut Scout,
) -> Result<Plan, Fault> {
    let port = match claim.port {
        Some(port) => {
            if let Some(holder) = rows.by_port(port)? {
                let holder = Box::new(holder);
                return Ok(Plan::Refuse(Error::PortTaken { holder }));
            }
            if claim.listener == ListenerPolicy::Refuse {
                match scout.verdict(port) {
                    Ok(Some(Verdict::Busy)) => return Ok(Plan::Refuse(Error::PortInUse { port })),
                    // What this user may not bind, another may: a container's proxy, say.
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
    Ok(Plan::Insert {
        key: claim.key.clone(),
        port,
        dir: claim.dir.clone(),
    })
}

/// The best port that is neither allocated nor in use, or the plan that follows without one.
fn best_free(
    rows: &impl Rows,
    order: &AssignmentOrder,
    scout: &mut Scout,
) -> Result<Result<Port, Plan>, Fault> {
    let range = order.range();
    let mut found = Err(Plan::Refuse(Error::NoFreePort { range }));
    order.best_first(
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

/// Asks the system about ports, remembers what it said for the length of one call, and asks for
/// so many at most before it reports back.
#[derive(Debug)]
pub(crate) struct Scout<'a> {
    probe: &'a dyn Probe,
    known: HashMap<Port, Verdict>,
    spoken_for: HashSet<Port>,
    allowance: usize,
}

impl<'a> Scout<'a> {
    pub(crate) fn new(probe: &'a dyn Probe) -> Scout<'a> {
        Scout {
            probe,
            known: HashMap::new(),
            spoken_for: HashSet::new(),
            allowance: 0,
        }
    }

    /// Begins a step in which so many ports may be probed.
    pub(crate) fn begin_step(&mut self, allowance: usize) {
        self.allowance = allowance;
        self.spoken_for.clear();
    }

    /// Leaves the port to an earlier request of the same batch, for the rest of the step.
    pub(crate) fn speak_for(&mut self, port: Port) {
        self.spoken_for.insert(port);
    }

    fn is_spoken_for(&self, port: Port) -> bool {
        self.spoken_for.contains(&port)
    }

    /// What the system says of the port; `None` when the step's allowance is used up.
    fn verdict(&mut self, port: Port) -> Result<Option<Verdict>, Error> {
        if let Some(&verdict) = self.known.get(&port) {
            return Ok(Some(verdict));
        }
        if self.allowance == 0 {
            return Ok(None);
        }
        self.allowance -= 1;
        let verdict = self
            .probe
            .probe(port)
            .map_err(|source| Error::Probe { port, source })?;
        self.known.insert(port, verdict);
        Ok(Some(verdict))
    }
}
