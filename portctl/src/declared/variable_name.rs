//! The names that variables may have.

use super::document::Document;
use crate::report::Report;

/// Names that are not a project's to set: the system finds programs and libraries by them, and portctl its registry.
const RESERVED: [&str; 2] = ["PATH", "HOME"];
const RESERVED_PREFIXES: [&str; 3] = ["LD_", "DYLD_", "PORT_REGISTRY_"];

/// Tests if a name can be that of a variable of the project.
pub(crate) fn is_variable_name(name: &str) -> bool {
    is_name(name) && !is_reserved(name)
}

fn is_name(name: &str) -> bool {
    let is_letter = |it: char| it.is_ascii_alphabetic() || it == '_';
    name.starts_with(is_letter) && name.chars().all(|it| is_letter(it) || it.is_ascii_digit())
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// Checks the name of a variable.
pub(super) fn check(document: &Document, line: usize, name: &str) -> Result<(), Report> {
    if !is_name(name) {
        return Err(document
            .problem(line, format!("`{name}` is no name of a variable"))
            .hint("use the letters A-Z, digits and `_`, and no digit first"));
    }
    if is_reserved(name) {
        return Err(document
            .problem(line, format!("{name} is not for projects to set"))
            .hint("choose another name"));
    }
    Ok(())
}
