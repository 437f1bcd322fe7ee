//! Writing variables into a file of the checkout, as `env` and `sync` do.

use std::ffi::OsStr;

use port_registry::FileStatus;

use super::write_target::{Suggestions, WriteTarget};
use crate::command_error::CommandError;
use crate::env_file::variables::Variable;
use crate::env_file::{
    self, BlockContent, BlockFormat, EnvText, LockedFile, OutsideAssignment, OutsideAssignments,
    PlanError, PlannedWrite, Replaced, outranking, read_small,
};
use crate::output::{self, visible, wording};
use crate::report::Report;

/// The number of lines that a report lists.
const MAX_LINES: usize = 10;

/// Treatment of a file that git tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum TrackedFile {
    Refuse,
    Write,
}

/// The way in which a file is to be changed.
pub(in crate::command) struct FileChange<'a> {
    pub(in crate::command) target: &'a WriteTarget<'a>,
    pub(in crate::command) suggestions: &'a Suggestions<'a>,
    pub(in crate::command) format: BlockFormat,
    pub(in crate::command) outside: OutsideAssignments,
    pub(in crate::command) tracked: TrackedFile,
}

/// A change of a file that nothing refuses.
pub(in crate::command) struct PlannedChange<'a> {
    planned: PlannedWrite<'a>,
    /// The path as it was typed, for terminals.
    shown: String,
    variables: Vec<Variable>,
    notes: Vec<String>,
}

impl<'a> FileChange<'a> {
    /// Plans to put a block with these variables into the file, which is locked. Nothing is written.
    pub(in crate::command) fn plan(
        &self,
        file: LockedFile<'a>,
        variables: &[Variable],
    ) -> Result<PlannedChange<'a>, CommandError> {
        let content = BlockContent {
            checkout: self.target.root(),
            variables,
            format: self.format,
            outside: self.outside,
        };
        let planned = env_file::plan(file, &content).map_err(|error| self.refusal(&error))?;
        let shown = visible(&self.target.file.display().to_string()).into_owned();
        let mut notes = Vec::new();
        // Git is not needed for a file that stays as it is.
        if planned.is_change() && self.status()? == FileStatus::Untracked && !variables.is_empty() {
            notes.push(format!(
                "{shown} is not ignored by git; add it to .gitignore"
            ));
        }
        if let Some(other) = &planned.replaced {
            let other = other.text();
            notes.push(format!(
                "{shown} had the ports of another checkout, {other}"
            ));
        }
        for assignment in &planned.commented_out {
            notes.push(format!(
                "{shown}:{} is a comment now: {}",
                assignment.line,
                visible(&described(assignment))
            ));
        }
        notes.extend(self.outranked(variables));
        if self.format == BlockFormat::Dotenv {
            let expanded = variables.iter();
            let expanded = expanded.filter(|it| env_file::is_expanded_by_some(&it.value));
            notes.extend(expanded.map(|it| {
                let name = &it.name;
                format!(
                    "{name} has a `$`: Vite, dotenv-expand and python-dotenv may replace what follows it"
                )
            }));
        }
        Ok(PlannedChange {
            planned,
            shown,
            variables: variables.to_owned(),
            notes,
        })
    }

    /// Notes the files that win over this one where they assign to a variable of it.
    fn outranked(&self, variables: &[Variable]) -> Vec<String> {
        let path = self.target.place.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let names: Vec<&str> = variables.iter().map(|it| &*it.name).collect();
        let mut notes = Vec::new();
        for other in outranking(name) {
            let text = read_small(&path.with_file_name(other)).unwrap_or_default();
            let Ok(text) = EnvText::parse(&text) else {
                continue;
            };
            let assigned = text.assignments_of(&names).into_iter();
            notes.extend(assigned.map(|it| {
                let OutsideAssignment { line, name: variable, .. } = it;
                format!(
                    "{other}:{line} beside it assigns to {variable}, too, and Vite or Next takes it from there"
                )
            }));
        }
        notes
    }

    fn status(&self) -> Result<FileStatus, CommandError> {
        match self.tracked {
            TrackedFile::Write => Ok(self.target.status()),
            TrackedFile::Refuse => self.target.untracked_status(self.suggestions),
        }
    }

    fn refusal(&self, error: &PlanError) -> Report {
        let file = self.target.file.display();
        let report = Report::new(format!("{file}: {error}"));
        match error {
            PlanError::Block(_) => {
                report.hint("correct the file, or name another one; it was not changed")
            }
            PlanError::Unquotable(..) => report.hint(
                "change the value in portctl.toml; `portctl run` and `portctl env --format shell` pass it as it is",
            ),
            PlanError::Assigned(assigned) => {
                let lines = assigned.iter().take(MAX_LINES);
                let lines = lines.map(|it| format!("{file}:{} {}", it.line, described(it)));
                let lines: Vec<String> = lines.collect();
                let more = match assigned.len().saturating_sub(MAX_LINES) {
                    0 => String::new(),
                    more => format!(", and {} more", wording::count(more, "line")),
                };
                let line = self.suggestions.written.with(self.suggestions.services);
                let comment = if assigned.len() == 1 {
                    "makes that line a comment"
                } else {
                    "makes those lines comments"
                };
                Report::new(format!(
                    "{file} was not changed, because it assigns to variables of its block outside of it: {}{more}",
                    lines.join(", ")
                ))
                .hint(format!(
                    "readers disagree on which one counts; `{line} --replace` {comment}"
                ))
            }
        }
    }
}

/// A file that was changed, or has its content already.
#[derive(Debug)]
pub(in crate::command) struct WrittenChange {
    pub(in crate::command) replaced: Replaced,
    /// The path as it was typed, for terminals.
    pub(in crate::command) shown: String,
    /// The result in words.
    pub(in crate::command) text: String,
}

impl PlannedChange<'_> {
    /// Writes the file and prints the notes.
    pub(in crate::command) fn write(self) -> Result<WrittenChange, CommandError> {
        let replaced = self.planned.write()?;
        for note in &self.notes {
            output::note(note).ok();
        }
        let PlannedChange {
            shown, variables, ..
        } = self;
        let count = counted(&variables);
        let text = match replaced {
            Replaced::Written if variables.is_empty() => format!("removed all ports from {shown}"),
            Replaced::Written => format!("wrote {count} to {shown}"),
            Replaced::Unchanged => format!("{shown} has the {count} already"),
        };
        Ok(WrittenChange {
            replaced,
            shown,
            text,
        })
    }
}

/// An assignment for messages. A value that is no number may be a secret.
fn described(assignment: &OutsideAssignment) -> String {
    let name = &assignment.name;
    let value = assignment.value.trim_ascii();
    let digits = value
        .strip_prefix(b"\"")
        .and_then(|it| it.strip_suffix(b"\""))
        .or_else(|| value.strip_prefix(b"'")?.strip_suffix(b"'"))
        .unwrap_or(value);
    match str::from_utf8(digits) {
        Ok(number) if number.len() <= 5 && number.bytes().all(|it| it.is_ascii_digit()) => {
            format!("{name}={number}")
        }
        _ => format!("{name}=..."),
    }
}

/// The number of variables, or of ports if they are nothing else.
fn counted(variables: &[Variable]) -> String {
    let are_ports = variables.iter().all(|it| it.is_port);
    let thing = if are_ports { "port" } else { "variable" };
    wording::count(variables.len(), thing)
}
