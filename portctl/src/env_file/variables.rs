//! The environment variables of ports.

use std::collections::{BTreeMap, BTreeSet};

use port_registry::{Allocation, Port};

use crate::declared::{ComputedVariable, References, VariableNames};
use crate::output::wording;
use crate::report::Report;

/// A variable of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The value is the port of a service, not a text.
    pub(crate) is_port: bool,
    /// The usual variable of the service, if the Compose file has this one in its place.
    pub(crate) replaced: Option<String>,
}

impl Variable {
    pub(crate) fn of_port(name: String, port: Port) -> Variable {
        Variable {
            name,
            value: port.to_string(),
            is_port: true,
            replaced: None,
        }
    }
}

/// The variables of allocations, in their order, each once. Two services with the same variable are an error, because one
/// of them would get the port of the other.
pub(crate) fn of(
    allocations: &[Allocation],
    names: &VariableNames,
) -> Result<Vec<Variable>, Report> {
    let services = allocations.iter().map(|it| it.key.service());
    if let Some(clash) = first_clash(&[], names, services) {
        let service = allocations[clash.index].key.service();
        let release = format!("portctl release{}", wording::service(service));
        return Err(clash.report(service).hint(match names.declared {
            Some(declared) if declared.service(service).is_none() => {
                give_up_hint(service, &release)
            }
            _ => format!("release one of them and choose another name: `{release}`"),
        }));
    }
    let mut seen = BTreeSet::new();
    let variables = allocations.iter().flat_map(|it| {
        let service = it.key.service();
        let variables = names.of(service).into_iter();
        variables.map(move |name| Variable {
            replaced: names.replaced(service),
            ..Variable::of_port(name, it.port)
        })
    });
    Ok(variables
        .filter(|it| seen.insert(it.name.clone()))
        .collect())
}

/// Computes variables. Those that refer to a service without a port are left out.
pub(crate) fn computed(variables: &[ComputedVariable], references: &References) -> Vec<Variable> {
    let computed = variables.iter().filter_map(|it| {
        Some(Variable {
            name: it.name.clone(),
            value: it.value.render(references)?,
            is_port: false,
            replaced: None,
        })
    });
    computed.collect()
}

/// Two services with one variable.
#[derive(Debug)]
pub(crate) struct VariableClash {
    /// The position of the service that is new.
    pub(crate) index: usize,
    /// The other service, or `[env]`.
    pub(crate) other: String,
    pub(crate) variable: String,
}

impl VariableClash {
    /// Reports that the other service shares its variable with this one.
    pub(crate) fn report(&self, service: &str) -> Report {
        let VariableClash {
            other, variable, ..
        } = self;
        if other == ENV {
            return Report::new(format!(
                "the service {service} would share the variable {variable} with {ENV} in portctl.toml"
            ));
        }
        Report::new(format!(
            "the services {other} and {service} would share the variable {variable}"
        ))
    }
}

/// Suggests to release a service that the project file does not declare, in favour of one that it does.
pub(crate) fn give_up_hint(undeclared: &str, release: &str) -> String {
    format!("{undeclared} is not in portctl.toml; `{release}` gives its variable up")
}

/// The table of the project file that computes variables.
const ENV: &str = "[env]";

/// Finds the first new service among these that shares a variable with another one. The other one exists, is declared, or
/// comes before it.
pub(crate) fn first_clash<'a>(
    existing: &'a [Allocation],
    names: &'a VariableNames,
    services: impl Iterator<Item = &'a str>,
) -> Option<VariableClash> {
    let known = existing.iter().map(|it| it.key.service());
    let declared = names.declared;
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let declared_names = declared.iter().flat_map(|it| &it.services);
    for owner in known.clone().chain(declared_names.map(|it| &*it.name)) {
        for name in names.of(owner) {
            owners.entry(name).or_insert(owner);
        }
    }
    for computed in declared.iter().flat_map(|it| &it.env) {
        owners.entry(computed.name.clone()).or_insert(ENV);
    }
    let known: BTreeSet<&str> = known.collect();
    for (index, service) in services.enumerate().filter(|(_, it)| !known.contains(it)) {
        for variable in names.of(service) {
            let owner = *owners.entry(variable.clone()).or_insert(service);
            if owner != service {
                let other = owner.to_owned();
                return Some(VariableClash {
                    index,
                    other,
                    variable,
                });
            }
        }
    }
    None
}
