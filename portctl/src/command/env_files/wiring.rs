//! The variables of a checkout: the ports of its services, and those that its project file computes.

use port_registry::Allocation;

use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::declared::{Declarations, FileContent, variables_of};
use crate::env_file::variables::{self, Variable};

/// Returns the variables of these services alone.
pub(in crate::command) fn variables_of_services(
    here: &Here,
    allocations: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    Ok(variables::of(allocations, here.declarations()?)?)
}

/// Returns all variables of the checkout, whose allocations these are, in the order of the project file. Those that refer to
/// a service without a port are left out.
pub(in crate::command) fn all_variables(
    here: &Here,
    allocations: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    let Some(declared) = here.declarations()? else {
        return variables_of_services(here, allocations);
    };
    let names = declared.names();
    let mut sorted = allocations.to_vec();
    sorted.sort_by_cached_key(|it| {
        let position = names.iter().position(|name| name == it.key.service());
        position.unwrap_or(names.len())
    });
    let mut all = variables_of_services(here, &sorted)?;
    let references = here.references(declared, allocations)?;
    all.extend(variables::computed(&declared.env, &references));
    Ok(all)
}

/// Returns the variables of each declared file, in their order.
pub(in crate::command) fn variables_of_files(
    here: &Here,
    declared: &Declarations,
    allocations: &[Allocation],
) -> Result<Vec<Vec<Variable>>, CommandError> {
    let all = all_variables(here, allocations)?;
    let references = here.references(declared, allocations)?;
    let of_files = declared.files.iter().map(|file| match &file.content {
        FileContent::All => all.clone(),
        FileContent::Names(names) => {
            let found = names.iter();
            let found = found.filter_map(|name| all.iter().find(|it| it.name == *name));
            found.cloned().collect()
        }
        FileContent::Computed(own) => variables::computed(own, &references),
    });
    Ok(of_files.collect())
}

/// Like [`variables_of_files`], before the missing services are allocated. Their variables have no values yet.
pub(in crate::command) fn expected_variables_of_files(
    here: &Here,
    declared: &Declarations,
    allocations: &[Allocation],
) -> Result<Vec<Vec<Variable>>, CommandError> {
    let mut of_files = variables_of_files(here, declared, allocations)?;
    for (file, variables) in declared.files.iter().zip(&mut of_files) {
        let names: Vec<String> = match &file.content {
            FileContent::All => {
                let services = declared.services.iter();
                let ports = services.flat_map(|it| variables_of(Some(declared), &it.name));
                ports
                    .chain(declared.env.iter().map(|it| it.name.clone()))
                    .collect()
            }
            FileContent::Names(names) => names.clone(),
            FileContent::Computed(own) => own.iter().map(|it| it.name.clone()).collect(),
        };
        for name in names {
            if variables.iter().all(|it| it.name != name) {
                let value = "0".to_owned();
                variables.push(Variable {
                    name,
                    value,
                    is_port: true,
                });
            }
        }
    }
    Ok(of_files)
}
