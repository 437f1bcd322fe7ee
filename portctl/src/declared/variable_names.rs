//! The names of the variables of all services.

use std::collections::BTreeMap;

use port_registry::variable_name;

use super::compose_names::{self, ComposeVariables, OtherNames};
use super::declarations::Declarations;

/// The names of the variables of a checkout's services.
#[derive(Debug)]
pub(crate) struct VariableNames<'a> {
    pub(crate) declared: Option<&'a Declarations>,
    of_compose: BTreeMap<String, String>,
}

impl<'a> VariableNames<'a> {
    /// Decides the names of a checkout that has ports for these services.
    pub(crate) fn new<'s>(
        declared: Option<&'a Declarations>,
        compose: &ComposeVariables,
        allocated: impl Iterator<Item = &'s str>,
    ) -> VariableNames<'a> {
        let others = OtherNames {
            declared: declared.map_or(&[], |it| &it.services),
            computed: declared.map_or(&[], |it| &it.env),
            allocated: allocated.collect(),
        };
        VariableNames {
            declared,
            of_compose: compose_names::of_services(compose, &others),
        }
    }

    /// Returns the variables of a service: those that the project file names, else the one of the Compose file, else the
    /// usual one.
    pub(crate) fn of(&self, service: &str) -> Vec<String> {
        let declared = self.declared.and_then(|it| it.service(service));
        match (declared, self.of_compose.get(service.trim())) {
            (Some(declared), None) => declared.variables.clone(),
            (_, Some(variable)) => vec![variable.clone()],
            (None, None) => vec![variable_name(service)],
        }
    }

    /// Returns the usual variable of a service, if the Compose file has another one in its place.
    pub(crate) fn replaced(&self, service: &str) -> Option<String> {
        let variable = self.of_compose.get(service.trim())?;
        Some(variable_name(service)).filter(|it| it != variable)
    }
}
