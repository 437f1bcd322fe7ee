//! The environment variables of ports.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use port_registry::{Allocation, Port};

use crate::output::wording;
use crate::report::Report;

/// The variable of a service, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) port: Port,
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
    let variables = allocations.iter().map(|it| Variable {
        name: name_of(it.key.service()),
        port: it.port,
    });
    Ok(variables
        .filter(|it| seen.insert(it.name.clone()))
        .collect())
}

/// Reports two services with one variable.
pub(crate) fn shared(other: &str, service: &str) -> Report {
    let name = name_of(service);
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
    let mut owners: BTreeMap<String, &str> = names().map(|it| (name_of(it), it)).collect();
    let new = services.enumerate().filter(|(_, it)| !known.contains(it));
    for (index, service) in new {
        match owners.entry(name_of(service)) {
            Entry::Vacant(entry) => _ = entry.insert(service),
            Entry::Occupied(entry) if *entry.get() == service => {}
            Entry::Occupied(entry) => return Some((index, entry.get())),
        }
    }
    None
}

/// The name of a service's variable: in capitals, with `_` for everything but English letters and digits. A name
/// that begins with a digit gets a `_` before it, because shells reject it (POSIX, section 3.216 "Name").
pub(crate) fn name_of(service: &str) -> String {
    let mut name = String::with_capacity(service.len() + "__PORT".len());
    if service.starts_with(|c: char| c.is_ascii_digit()) {
        name.push('_');
    }
    name.extend(service.chars().map(|c| match c.to_ascii_uppercase() {
        c @ ('A'..='Z' | '0'..='9') => c,
        _ => '_',
    }));
    name.push_str("_PORT");
    name
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn every_service_has_a_variable_that_shells_accept() {
        for (service, name) in [
            ("web", "WEB_PORT"),
            ("web-api.v2", "WEB_API_V2_PORT"),
            ("3d viewer", "_3D_VIEWER_PORT"),
            ("caf\u{e9}", "CAF__PORT"),
            // Its capital form is two English letters.
            ("stra\u{df}e", "STRA_E_PORT"),
            ("$(rm)", "__RM__PORT"),
        ] {
            assert_eq!(name_of(service), name, "{service}");
        }
    }
}
