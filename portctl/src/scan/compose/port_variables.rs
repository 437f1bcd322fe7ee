//! The variables that set the published ports of services.

use std::collections::BTreeMap;

use super::groups::groups;
use super::names::PortNames;
use super::scanner::Scanner;
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
    let mut scanner = Scanner::new(project);
    for group in groups(project, &scanner.env_files, &mut ignored) {
        let (merged, _) = scanner.merged(&group, &mut ignored);
        let services = merged.services.iter();
        for service in services.filter(|it| !merged.has_host_network(it)) {
            let mut names = PortNames::of(&service.name);
            for (index, port) in merged.ports(service).iter().enumerate() {
                let variables = &merged.sources[port.source].scope.variables.values;
                let port_variables = port.variables(variables);
                for mapping in port.usual_mappings(variables, &port_variables, index) {
                    if let Some(name) = names.name(mapping) {
                        found.entry(name).or_insert_with(|| port_variables.clone());
                    }
                }
            }
        }
    }
    found
}
