//! The fixed host ports of a project, found in the files that its tools read.
//!
//! Scanning only reads these files: it runs nothing and asks neither the registry nor the system. A port that a
//! service may not listen on is marked as a guess.

mod command_line;
mod compose;
mod devcontainer;
mod dotenv;
mod env_assignments;
mod env_variables;
mod fixed_port;
mod interpolation;
mod line_index;
mod package;
mod port_mapping;
mod port_number;
mod procfile;
mod project;
mod project_file;
mod result;
mod scanner;
mod simple_command;
mod source_text;
#[cfg(test)]
mod tests;
mod variables;
mod walk;
mod yaml;

pub(crate) use self::compose::is_true as is_true_to_compose;
pub(crate) use self::compose::{
    ComposeOutline, NAMES as COMPOSE_NAMES, OVERRIDES as COMPOSE_OVERRIDES,
};
pub(crate) use self::compose::{ModelFiles, read_model};
pub(crate) use self::env_assignments::value_of;
#[cfg(test)]
pub(crate) use self::fixed_port::PortOrigin;
pub(crate) use self::fixed_port::{FileKind, FixedEntry, FixedPort};
pub(crate) use self::result::ScanNote;
#[cfg(any(test, fuzzing))]
pub(crate) use self::result::ScanResult;
pub(crate) use self::scanner::{port_variables, scan};
pub(crate) use self::source_text::read as read_project_file;
