//! The environment variables of ports.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use port_registry::{Allocation, Port, variable_name};

use crate::output::wording;
use crate::report::Report;

/// A variable of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The value is the port of a service, not a text.
    pub(crate) is_port: bool,
}

impl Variable {
    pub(crate) fn of_port(name: String, port: Port) -> Variable {
        Variable {
            name,
            value: port.to_string(),
            is_port: true,
        }
    }
}

/// The variables of allocations, in their order, each once. Two services with the same variable are an error, because one
/// of them would get the port of the other.
pub(crate) fn of(allocations: &[Allocation]) -> Result<Vec<Variable>, Report> {
    let services = allocations.iter().map(|it| it.key.service());
    if let Some((index, other)) = first_clash(&[], services) {
        let service = allocations[index].key.service();
        return Err(shared(other, service).hint(format!(
            "release one of them and choose another name: `portctl release{}`",
            wording::service(service)
        )));
    }
    let mut seen = BTreeSet::new();
    let variables = allocations
        .iter()
        .map(|it| Variable::of_port(variable_name(it.key.service()), it.port));
    Ok(variables
        .filter(|it| seen.insert(it.name.clone()))
        .collect())
}

/// Reports two services with one variable.
pub(crate) fn shared(other: &str, service: &str) -> Report {
    let name = variable_name(service);
    Report::new(format!(
        "the services {other} and {service} would share the variable {name}"
    ))
}

/// Finds the first of several services that is new and whose variable another one has, which exists or is named before
/// it. Returns its position, and the other service.
pub(crate) fn first_clash<'a>(
    existing: &'a [Allocation],
    services: impl Iterator<Item = &'a str>,
) -> Option<(usize, &'a str)> {
    let names = || existing.iter().map(|it| it.key.service());
    let known: BTreeSet<&str> = names().collect();
    let mut owners: BTreeMap<String, &str> = names().map(|it| (variable_name(it), it)).collect();
    let new = services.enumerate().filter(|(_, it)| !known.contains(it));
    for (index, service) in new {
        match owners.entry(variable_name(service)) {
            Entry::Vacant(entry) => _ = entry.insert(service),
            Entry::Occupied(entry) if *entry.get() == service => {}
            Entry::Occupied(entry) => return Some((index, entry.get())),
        }
    }
    None
}
