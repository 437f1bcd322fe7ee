//! Finding services that have a port already. Nothing is allocated but declared services.

use port_registry::Allocation;

use super::super::invocation::Invocation;
use super::claiming::{Got, get_or_allocate_declared};
use super::missing;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::report::Report;

/// Returns the allocation of each service, in their order. If none is named, returns those of all declared services, or else
/// all of the checkout. Declared services without a port are allocated, if one of them is asked for. Fails if another one has
/// no port, or if there is none.
pub(in crate::command) fn allocations(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    services: &[String],
) -> Result<Got, CommandError> {
    if services.is_empty() {
        if let Some(got) = get_or_allocate_declared(backend, here, invocation)? {
            return Ok(got);
        }
        let all = here.current()?;
        if all.is_empty() {
            return Err(none(here, invocation)?.into());
        }
        let notes = here.notes_of_others(&all)?;
        return Ok(Got {
            allocations: all,
            notes,
        });
    }
    let mut declared = Got::default();
    if lacks_declared(here, services)? {
        let got = get_or_allocate_declared(backend, here, invocation)?;
        declared = got.unwrap_or_default();
    }
    let found = services.iter().map(|service| {
        let mut declared = declared.allocations.iter();
        match declared.find(|it| it.key.service() == service.trim()) {
            Some(got) => Ok(got.clone()),
            None => allocation(here, invocation, service),
        }
    });
    let allocations = found.collect::<Result<Vec<_>, _>>()?;
    let mut notes = declared.notes;
    notes.extend(here.notes_of_more_others(&declared.allocations, &allocations)?);
    Ok(Got { allocations, notes })
}

/// Tests if one of the services is declared and has no port.
fn lacks_declared(here: &Here, services: &[String]) -> Result<bool, CommandError> {
    for service in services {
        if here.find(service)?.is_none() {
            let declared = here.declarations()?;
            if declared.is_some_and(|it| it.service(service).is_some()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Returns the allocation of a service. Fails if it has no port.
pub(in crate::command) fn allocation(
    here: &Here,
    invocation: &Invocation,
    service: &str,
) -> Result<Allocation, CommandError> {
    match here.find(service)? {
        Some(allocation) => Ok(allocation),
        None => Err(missing::report(invocation, here, service)?.into()),
    }
}

/// Reports that no service has a port.
fn none(here: &Here, invocation: &Invocation) -> Result<Report, CommandError> {
    let owner = if here.typed().are_given() {
        let (app, instance) = here.labels()?;
        format!("{app}/{instance}")
    } else {
        "this checkout".to_owned()
    };
    let get = invocation.of("get").with(&["web"]);
    Ok(Report::new(format!("no service of {owner} has a port yet"))
        .hint(format!("allocate one, as in `{get}`")))
}
