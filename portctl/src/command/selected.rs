//! Finding services that have a port already. Nothing is allocated.

use port_registry::Allocation;

use super::invocation::Invocation;
use super::missing;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::report::Report;

/// Returns the allocation of each service, in their order, or all of the checkout if none is named. Fails if one of them
/// has no port, or if there is none.
pub(super) fn allocations(
    here: &Here,
    invocation: &Invocation,
    services: &[String],
) -> Result<Vec<Allocation>, CommandError> {
    if services.is_empty() {
        let all = here.current()?;
        return if all.is_empty() {
            Err(none(here, invocation)?.into())
        } else {
            Ok(all)
        };
    }
    let found = services.iter();
    found
        .map(|service| allocation(here, invocation, service))
        .collect()
}

/// Returns the allocation of a service. Fails if it has no port.
pub(super) fn allocation(
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
