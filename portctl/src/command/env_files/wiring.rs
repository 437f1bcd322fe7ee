//! The variables of a checkout: the ports of its services, and those that its project file computes.

use std::path::PathBuf;

use port_registry::Allocation;

use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::declared::{Declarations, FileContent};
use crate::env_file::variables::{self, Variable};

/// Returns the variables of the chosen services alone, of all those that have a port.
pub(in crate::command) fn variables_of_services(
    here: &Here,
    chosen: &[Allocation],
    all: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    let names = here.variable_names(all.iter().map(|it| it.key.service()))?;
    Ok(variables::of(chosen, &names)?)
}

/// Returns all variables of the checkout, whose allocations these are, in the order of the project file. Those that refer to
/// a service without a port are left out.
pub(in crate::command) fn all_variables(
    here: &Here,
    allocations: &[Allocation],
) -> Result<Vec<Variable>, CommandError> {
    let Some(declared) = here.declarations()? else {
        return variables_of_services(here, allocations, allocations);
    };
    let names = declared.names();
    let mut sorted = allocations.to_vec();
    sorted.sort_by_cached_key(|it| {
        let position = names.iter().position(|name| name == it.key.service());
        position.unwrap_or(names.len())
    });
    let mut all = variables_of_services(here, &sorted, allocations)?;
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
            let found = names.iter().filter_map(|name| named(&all, name));
            found.collect()
        }
        FileContent::Computed(own) => variables::computed(own, &references),
    });
    Ok(of_files.collect())
}

/// Finds a variable that a file lists. The usual name of a service means its port too, because the file may be that of another
/// program than Compose.
fn named(all: &[Variable], name: &str) -> Option<Variable> {
    if let Some(found) = all.iter().find(|it| it.name == name) {
        return Some(found.clone());
    }
    let replaced = |it: &&Variable| it.replaced.as_deref() == Some(name);
    let variable = all.iter().find(replaced)?;
    Some(Variable {
        name: name.to_owned(),
        replaced: None,
        ..variable.clone()
    })
}

/// The declared files with their variables.
pub(in crate::command) fn declared_files(
    here: &Here,
    all: &[Allocation],
) -> Result<Vec<(PathBuf, Vec<Variable>)>, CommandError> {
    let Some(declared) = here.declarations()? else {
        return Ok(Vec::new());
    };
    let paths = declared.files.iter().map(|it| it.path.clone());
    Ok(paths
        .zip(variables_of_files(here, declared, all)?)
        .collect())
}

/// Like [`variables_of_files`], before the missing services are allocated. Their variables have no values yet.
pub(in crate::command) fn expected_variables_of_files(
    here: &Here,
    declared: &Declarations,
    allocations: &[Allocation],
) -> Result<Vec<Vec<Variable>>, CommandError> {
    let mut of_files = variables_of_files(here, declared, allocations)?;
    let names = here.variable_names(allocations.iter().map(|it| it.key.service()))?;
    for (file, variables) in declared.files.iter().zip(&mut of_files) {
        let expected: Vec<String> = match &file.content {
            FileContent::All => {
                let services = declared.services.iter();
                let ports = services.flat_map(|it| names.of(&it.name));
                ports
                    .chain(declared.env.iter().map(|it| it.name.clone()))
                    .collect()
            }
            FileContent::Names(names) => names.clone(),
            FileContent::Computed(own) => own.iter().map(|it| it.name.clone()).collect(),
        };
        for name in expected {
            if variables.iter().all(|it| it.name != name) {
                let value = "0".to_owned();
                variables.push(Variable {
                    name,
                    value,
                    is_port: true,
                    replaced: None,
                });
            }
        }
    }
    Ok(of_files)
}
