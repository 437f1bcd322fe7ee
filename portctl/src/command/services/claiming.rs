//! Getting ports for the services of a checkout, as several commands do.

use port_registry::{Allocation, Claim, Port};

use super::super::invocation::Invocation;
use super::new_services;
use super::preferred::{self, Takeover};
use crate::backend::Backend;
use crate::checkout::{Here, with_marks};
use crate::command_error::CommandError;
use crate::conflict;
use crate::declared::Declarations;
use crate::output::{self, visible, wording};

/// The allocations of services, and remarks about them.
#[derive(Debug, Default)]
pub(in crate::command) struct Got {
    /// One for each service, in their order.
    pub(in crate::command) allocations: Vec<Allocation>,
    pub(in crate::command) notes: Vec<String>,
}

/// The port that services are to get if they have none.
#[derive(Clone, Copy, Debug)]
pub(in crate::command) enum PortWish {
    Any,
    /// This port and no other.
    Only(Port),
    /// This port if it is available, or else another one.
    Preferred(Port),
}

impl PortWish {
    /// Reads the flags `--port` and `--prefer`, of which a command admits one.
    pub(in crate::command) fn of_flags(port: Option<Port>, prefer: Option<Port>) -> PortWish {
        match (port, prefer) {
            (Some(port), _) => PortWish::Only(port),
            (None, Some(port)) => PortWish::Preferred(port),
            (None, None) => PortWish::Any,
        }
    }

    fn apply_to(self, claim: Claim) -> Claim {
        match self {
            PortWish::Any => claim,
            PortWish::Only(port) => claim.with_port(port),
            PortWish::Preferred(port) => claim.with_prefer(port),
        }
    }
}

/// Prints notes. Errors are ignored, because the ports are the result.
pub(in crate::command) fn print_notes(notes: &[String]) {
    for note in notes {
        output::note(&visible(note)).ok();
    }
}

/// Describes what listens on a port that a service has left, or would leave. `verb` is "is still" or "is". An error counts as
/// nothing, because the port was left all the same.
pub(in crate::command) fn note_of_listener(
    backend: &dyn Backend,
    left: &Allocation,
    verb: &str,
) -> Option<String> {
    let status = backend.check(left.port).ok()?;
    let served = status.served()?;
    Some(format!("port {} {verb} {served}", left.port))
}

/// Returns the allocation of each service, and allocates those that are missing, all of them or none. Reports the first
/// conflict.
pub(in crate::command) fn get_or_allocate(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    services: &[String],
    wish: PortWish,
) -> Result<Got, CommandError> {
    let mut found: Vec<Option<Allocation>> = Vec::with_capacity(services.len());
    for service in services {
        found.push(here.held(service)?);
    }
    let held: Vec<Allocation> = found.iter().flatten().cloned().collect();
    // Before the port is compared, because a conflict suggests to release the other port.
    let mut notes = here.notes_of_others(&held)?;
    for held in &mut found {
        held.take_if(|it| {
            matches!(wish, PortWish::Only(port) if port != it.port) || here.takes_over(it)
        });
    }
    if let PortWish::Preferred(port) = wish {
        let kept = found.iter().flatten();
        notes.extend(kept.filter_map(|it| preferred::note_of_kept(invocation, it, port)));
    }
    let missing = services.iter().zip(&found);
    let missing: Vec<&str> = missing
        .filter(|(_, held)| held.is_none())
        .map(|(service, _)| service.as_str())
        .collect();
    if !missing.is_empty() {
        let claimed = claim_missing(backend, here, invocation, &missing, wish, &mut notes)?;
        let mut claimed = claimed.into_iter();
        for held in found.iter_mut().filter(|it| it.is_none()) {
            *held = claimed.next();
        }
    }
    let allocations = found.into_iter().flatten().collect();
    Ok(Got { allocations, notes })
}

/// Returns the allocations of all services that the project file declares, like [`get_or_allocate`]. Returns `None` if it
/// declares none.
pub(in crate::command) fn get_or_allocate_declared(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
) -> Result<Option<Got>, CommandError> {
    let services = here.declarations()?.map(Declarations::names);
    let Some(services) = services.filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let mut got = get_or_allocate(backend, here, invocation, &services, PortWish::Any)?;
    got.notes.extend(here.notes_of_project_files());
    Ok(Some(got))
}

/// Returns all allocations of the checkout, those of the declared services first. The declared ones that are missing are
/// allocated.
pub(in crate::command) fn get_or_allocate_all(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
) -> Result<Got, CommandError> {
    let got = get_or_allocate_declared(backend, here, invocation)?;
    // Read before anything was allocated.
    let mut others = here.current()?;
    let Some(mut got) = got else {
        let mut notes = here.notes_of_others(&others)?;
        notes.extend(here.notes_of_project_files());
        return Ok(Got {
            allocations: others,
            notes,
        });
    };
    let is_got = |it: &Allocation| {
        let mut got = got.allocations.iter();
        got.any(|got| got.key.service() == it.key.service())
    };
    others.retain(|it| !is_got(it));
    let notes = here.notes_of_more_others(&got.allocations, &others)?;
    got.notes.extend(notes);
    got.allocations.append(&mut others);
    Ok(got)
}

fn claim_missing(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    services: &[&str],
    wish: PortWish,
    notes: &mut Vec<String>,
) -> Result<Vec<Allocation>, CommandError> {
    let existing = new_services::check(here, invocation, services)?;
    let is_first = here.name().is_none();
    let (claims, outcome) = with_marks(
        |length| claims(here, services, wish, length),
        |claims| backend.get_or_allocate(&claims.iter().collect::<Vec<_>>()),
    )?;
    let claimed = match outcome {
        Ok(claimed) => claimed,
        Err(errors) => return Err(conflict::report_first(backend, &claims, errors).into()),
    };
    let new = claimed.iter().filter(|it| it.is_new);
    let new: Vec<&Allocation> = new.map(|it| &it.allocation).collect();
    new_services::undo_clash(backend, here, invocation, services, &new)?;
    let declared = here.declarations()?;
    let similar = new.iter();
    notes.extend(similar.filter_map(|it| new_services::note_of_name(&existing, declared, it)));
    notes.extend(new.iter().filter_map(|it| here.hidden_by_variable(it)));
    let answers = claims.iter().zip(&claimed);
    notes.extend(answers.filter_map(|(claim, got)| {
        let preferred = claim
            .prefer()
            .filter(|_| got.is_new && claim.port().is_none())?;
        preferred::note_of_new(
            backend,
            invocation,
            declared,
            &got.allocation,
            preferred,
            Takeover::Adopt,
        )
    }));
    if is_first && let (Some(claim), Some(new)) = (claims.first(), new.first()) {
        notes.extend(note_of_mark(backend, claim, new));
    }
    Ok(claimed.into_iter().map(|it| it.allocation).collect())
}

/// Makes a claim for each service.
pub(in crate::command) fn claims(
    here: &Here,
    services: &[&str],
    wish: PortWish,
    mark_length: usize,
) -> Result<Vec<Claim>, CommandError> {
    let claims = services.iter().map(|service| {
        let claim = here.claim(service, mark_length)?;
        Ok(wish.apply_to(claim))
    });
    claims.collect()
}

/// Tells that a new checkout got a marked instance, because another checkout has its labels.
pub(in crate::command) fn note_of_mark(
    backend: &dyn Backend,
    claim: &Claim,
    new: &Allocation,
) -> Option<String> {
    if claim.marked_instance() != Some(new.key.instance()) {
        return None;
    }
    let labels = claim.key();
    let others = backend.list_instance_of(labels).ok()?;
    let other = others.iter().find(|it| it.dir.is_some())?;
    Some(format!(
        "{}/{} is the checkout {}, so this one is {}/{}",
        labels.app(),
        labels.instance(),
        wording::checkout(other),
        new.key.app(),
        new.key.instance()
    ))
}
