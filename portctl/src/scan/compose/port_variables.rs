//! The variables that set the published ports of services.

use std::collections::BTreeMap;

use super::groups::groups;
use super::names::PortNames;
use super::scanner::merged;
use crate::scan::project::Project;
use crate::scan::result::ScanResult;

/// Finds the variables that set published ports, by the names of the ports. A port without such variables has an empty list.
///
/// A name must not depend on the values that the variables have: `${PORT:-80}:${PORT:-80}` keeps its name when `.env` sets
/// `PORT`.
pub(in crate::scan) fn port_variables(project: &Project) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    // Files that cannot be read have no ports here. The scan notes them.
    let mut ignored = ScanResult::default();
    for group in groups(project, &mut ignored) {
        let (services, variables) = merged(project, &group, &mut ignored);
        for service in services.services.iter().filter(|it| !it.has_host_network()) {
            let mut names = PortNames::of(&service.name);
            for (index, port) in service.ports.iter().enumerate() {
                let port_variables = port.variables(&variables);
                for mapping in port.usual_mappings(&variables, &port_variables, index) {
                    if let Some(name) = names.name(mapping) {
                        found.entry(name).or_insert_with(|| port_variables.clone());
                    }
                }
            }
        }
    }
    found
}
