//! Variables by the names that the Compose file gives to them.

use std::collections::{BTreeMap, BTreeSet};

use port_registry::variable_name;

use super::computed::ComputedVariable;
use super::services::DeclaredService;
use super::variable_name::is_variable_name;

/// The variables that set the published ports of services in the Compose files of a checkout, by the services' names. The
/// outermost one comes first.
pub(crate) type ComposeVariables = BTreeMap<String, Vec<String>>;

/// The services and variables beside those of the Compose files.
#[derive(Debug, Default)]
pub(super) struct OtherNames<'a> {
    pub(super) declared: &'a [DeclaredService],
    pub(super) computed: &'a [ComputedVariable],
    /// Services that have a port.
    pub(super) allocated: BTreeSet<&'a str>,
}

/// Returns the variable of each service that has one in the Compose files: the usual one if it is there, else the outermost
/// one. A variable that sets the ports of two services, or belongs to another service or to `[env]`, is left out.
pub(super) fn of_services(
    compose: &ComposeVariables,
    others: &OtherNames,
) -> BTreeMap<String, String> {
    let (explicit, implicit): (Vec<_>, Vec<_>) =
        others.declared.iter().partition(|it| it.names_variables);
    let taken = explicit.iter().flat_map(|it| &it.variables);
    let taken: BTreeSet<&String> = taken
        .chain(others.computed.iter().map(|it| &it.name))
        .collect();
    let is_explicit = |service: &str| explicit.iter().any(|it| it.name == service);
    let mut users: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (service, variables) in compose {
        for variable in variables {
            users.entry(variable).or_default().insert(service);
        }
    }
    let is_free = |name: &&String| {
        is_variable_name(name) && users[*name].len() == 1 && !taken.contains(*name)
    };
    let mut chosen: BTreeMap<&str, &String> = BTreeMap::new();
    for (service, variables) in compose.iter().filter(|(it, _)| !is_explicit(it)) {
        let usual = variable_name(service);
        let mut free = variables.iter().filter(is_free);
        let is_usual = free.clone().find(|it| **it == usual);
        if let Some(variable) = is_usual.or_else(|| free.next()) {
            chosen.insert(service, variable);
        }
    }
    let implicit = implicit.iter().map(|it| &*it.name);
    let services: BTreeSet<&str> = compose
        .keys()
        .map(String::as_str)
        .chain(others.allocated.iter().copied())
        .filter(|it| !is_explicit(it))
        .chain(implicit)
        .collect();
    // A service that loses its variable has the usual one again, which another one may have to give up in turn.
    loop {
        let usual = services.iter().filter(|it| !chosen.contains_key(*it));
        let usual: BTreeSet<String> = usual.map(|it| variable_name(it)).collect();
        let before = chosen.len();
        chosen.retain(|_, variable| !usual.contains(*variable));
        if chosen.len() == before {
            break;
        }
    }
    let chosen = chosen.into_iter();
    chosen
        .map(|(service, variable)| (service.to_owned(), variable.clone()))
        .collect()
}
