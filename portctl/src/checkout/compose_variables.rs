//! The variables that the Compose files of a checkout give to its ports.

use std::path::Path;

use super::here::Here;
use crate::command_error::CommandError;
use crate::declared::{ComposeVariables, VariableNames};
use crate::{environment, scan};

impl Here<'_> {
    /// Decides the names of the variables, for a checkout that has ports for these services.
    pub(crate) fn variable_names<'s>(
        &self,
        allocated: impl Iterator<Item = &'s str>,
    ) -> Result<VariableNames<'_>, CommandError> {
        let declared = self.declarations()?;
        Ok(VariableNames::new(
            declared,
            self.compose_variables(),
            allocated,
        ))
    }

    /// Returns the variables of the Compose files. They are read once. There are none if another app was typed.
    pub(super) fn compose_variables(&self) -> &ComposeVariables {
        self.compose_variables.get_or_init(|| {
            let Ok(checkout) = self.opened() else {
                return ComposeVariables::new();
            };
            let variables = compose_variables(checkout.root());
            let is_other = |app: &str| self.own_app().map_or(true, |own| own != app);
            if !variables.is_empty() && self.typed.app().is_some_and(is_other) {
                return ComposeVariables::new();
            }
            variables
        })
    }
}

/// Reads the variables of the Compose files of the checkout with this root. A file that cannot be read has none.
pub(crate) fn compose_variables(root: &Path) -> ComposeVariables {
    // Only the choice of files may come from the environment: a name must not depend on the value of a port.
    let mut environment = environment::all();
    environment.retain(|name, _| name.starts_with("COMPOSE_"));
    scan::port_variables(root, &environment)
}
