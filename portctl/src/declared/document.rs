//! The tables of a project file, with their lines.

use port_registry::PortctlToml;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::Report;
use crate::suggestion;

/// A key of a table, and its value.
pub(super) struct Entry<'t> {
    pub(super) key: &'t str,
    /// The line of the key.
    pub(super) line: usize,
    pub(super) value: &'t DeValue<'t>,
}

/// A project file that was parsed.
pub(super) struct Document<'a> {
    file: &'a PortctlToml,
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &'a PortctlToml) -> Document<'a> {
        Document { file }
    }

    /// Returns the entries of a table, in the order of the file.
    pub(super) fn entries<'t>(&self, table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
        let mut entries: Vec<(&Spanned<_>, &Spanned<DeValue>)> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entries = entries.into_iter().map(|(key, value)| Entry {
            key: key.get_ref(),
            line: self.file.line(key.span().start),
            value: value.get_ref(),
        });
        entries.collect()
    }

    /// Returns the elements of an array with their lines.
    pub(super) fn elements<'t>(
        &self,
        array: &'t [Spanned<DeValue<'t>>],
    ) -> impl Iterator<Item = (usize, &'t DeValue<'t>)> {
        let elements = array.iter();
        elements.map(|it| (self.file.line(it.span().start), it.get_ref()))
    }

    /// Returns the entries of a table of the file. Returns an empty list if there is no such table.
    pub(super) fn table<'t>(
        &self,
        root: &'t DeTable<'t>,
        name: &str,
    ) -> Result<Vec<Entry<'t>>, Report> {
        let Some(entry) = self.entries(root).into_iter().find(|it| it.key == name) else {
            return Ok(Vec::new());
        };
        match entry.value.as_table() {
            Some(table) => Ok(self.entries(table)),
            None => Err(self
                .problem(entry.line, format!("`{name}` must be a table"))
                .hint(format!("begin it with a line `[{name}]`"))),
        }
    }

    /// Reports a problem on a line.
    pub(super) fn problem(&self, line: usize, problem: impl AsRef<str>) -> Report {
        let path = self.file.path().display();
        Report::new(format!("{path}:{line}: {}", problem.as_ref()))
    }

    /// Fails if one of the entries has a key that is not known. `place` is the table, as people write it.
    pub(super) fn check_keys(
        &self,
        entries: &[Entry],
        known: &[&str],
        place: &str,
    ) -> Result<(), Report> {
        let mut keys = entries.iter();
        let Some(Entry { key, line, .. }) = keys.find(|it| !known.contains(&it.key)) else {
            return Ok(());
        };
        let report = self.problem(*line, format!("unknown key `{key}`{place}"));
        Err(
            report.hint(match suggestion::closest(key, known.iter().copied()) {
                Some(meant) => {
                    format!("did you mean `{meant}`? Otherwise remove it, or update portctl")
                }
                None => format!("remove it, or update portctl; known are {}", listed(known)),
            }),
        )
    }
}

/// Lists words for people.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|it| format!("`{it}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
