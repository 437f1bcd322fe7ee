//! Variables that are computed from ports, in `[env]` and in files of their own.

use toml::de::DeValue;

use super::document::{Document, Entry};
use super::services::{DeclaredService, kind};
use super::template::Template;
use super::variable_name;
use crate::report::Report;

/// A variable, and the template of its value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ComputedVariable {
    pub(crate) name: String,
    pub(crate) value: Template,
    pub(crate) line: usize,
}

/// Reads variables. `place` is the table they are in.
pub(super) fn read(
    document: &Document,
    place: &str,
    entries: &[Entry],
    services: &[DeclaredService],
) -> Result<Vec<ComputedVariable>, Report> {
    let siblings: Vec<&str> = entries.iter().map(|it| it.key).collect();
    let variables = entries.iter().map(|entry| {
        let (line, name) = (entry.line, entry.key);
        variable_name::check(document, line, name)?;
        let DeValue::String(text) = entry.value else {
            let kind = kind(entry.value);
            return Err(document
                .problem(
                    line,
                    format!("{name} in [{place}] must be a text, not {kind}"),
                )
                .hint("put it in quotes, as in `API_URL = \"${api.url}\"`"));
        };
        // No quotes of env files hold them in all programs that read such files.
        if text.chars().any(char::is_control) {
            return Err(document
                .problem(
                    line,
                    format!("{name} has a line break or a control character"),
                )
                .hint("env files cannot hold it in a way that all programs read; remove it"));
        }
        let value = Template::parse(text, services, &siblings).map_err(|mistake| {
            let report = document.problem(line, format!("{name}: {}", mistake.problem));
            report.hint(mistake.hint)
        })?;
        Ok(ComputedVariable {
            name: name.to_owned(),
            value,
            line,
        })
    });
    variables.collect()
}
