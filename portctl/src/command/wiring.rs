//! The variables of a checkout: the ports of its services, and those that its project file computes.

use port_registry::Allocation;

use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::env_file::variables::{self, Variable};

/// Returns the variables of these services alone.
pub(super) fn variables_of(
    here: &Here,
    allocations: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    Ok(variables::of(allocations, here.declarations()?)?)
}

/// Returns all variables of the checkout, whose allocations these are.
pub(super) fn all_variables(
    here: &Here,
    allocations: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    let mut all = variables_of(here, allocations)?;
    if let Some(declared) = here.declarations()? {
        let references = here.references(declared, allocations)?;
        all.extend(variables::computed(&declared.env, &references));
    }
    Ok(all)
}
