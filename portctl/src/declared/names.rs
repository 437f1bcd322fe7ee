//! The names of variables, each of which has one owner.

use std::collections::BTreeMap;

use super::document::{Document, Entry};
use super::services::DeclaredService;
use crate::report::Report;

/// The variables of the services, and of `[env]`, with their owners.
pub(super) struct OwnedNames {
    owners: BTreeMap<String, Owner>,
}

/// The place that defines a variable.
struct Owner {
    name: String,
    line: usize,
}

impl OwnedNames {
    /// Takes the variables of the services. Fails if two services have the same.
    pub(super) fn of_services(
        document: &Document,
        services: &[DeclaredService],
    ) -> Result<OwnedNames, Report> {
        let mut names = OwnedNames {
            owners: BTreeMap::new(),
        };
        for service in services {
            for variable in &service.variables {
                let owner = format!("the service {}", service.name);
                names.add(document, variable, &owner, service.env_line)?;
            }
        }
        Ok(names)
    }

    /// Takes the variables of `[env]`. Fails if a service has one of them.
    pub(super) fn add_computed(
        &mut self,
        document: &Document,
        entries: &[Entry],
    ) -> Result<(), Report> {
        for entry in entries {
            self.add(document, entry.key, "[env]", entry.line)?;
        }
        Ok(())
    }

    pub(super) fn contains(&self, variable: &str) -> bool {
        self.owners.contains_key(variable)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.owners.keys().map(String::as_str)
    }

    fn add(
        &mut self,
        document: &Document,
        variable: &str,
        owner: &str,
        line: usize,
    ) -> Result<(), Report> {
        let name = owner.to_owned();
        let before = self
            .owners
            .insert(variable.to_owned(), Owner { name, line });
        let Some(Owner { name, line: other }) = before else {
            return Ok(());
        };
        let problem = if name == owner {
            format!("{owner} has the variable {variable} twice")
        } else {
            format!("{owner} and {name} (line {other}) have the same variable, {variable}")
        };
        let hint = if owner == "[env]" {
            "choose another name"
        } else {
            "name another one, as in `{ env = \"API_PORT\" }`"
        };
        Err(document.problem(line, problem).hint(hint))
    }
}
