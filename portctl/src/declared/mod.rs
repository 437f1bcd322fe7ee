//! The project file, `portctl.toml`: the services that a checkout declares, and the variables and files that are made of
//! their ports. It declares names and wishes only, and runs nothing.

mod compose_names;
mod computed;
mod declarations;
mod document;
mod files;
mod names;
mod references;
mod services;
mod template;
#[cfg(test)]
mod tests;
mod variable_name;
mod variable_names;
#[cfg(test)]
mod variable_tests;

pub(crate) use self::compose_names::ComposeVariables;
pub(crate) use self::computed::ComputedVariable;
pub(crate) use self::declarations::Declarations;
pub(crate) use self::files::{FileContent, PROJECT_FILE};
pub(crate) use self::references::References;
pub(crate) use self::services::{DeclaredService, is_service_name};
pub(crate) use self::variable_name::is_variable_name;
pub(crate) use self::variable_names::VariableNames;
