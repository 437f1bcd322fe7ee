//! The notes of a command.

use std::borrow::Cow;

use argh::CommandInfoWithArgs;

/// The notes of a command: paragraphs, and a table of environment variables.
#[derive(Debug)]
pub struct Notes<'a> {
    /// Paragraphs, which may be wrapped at any width.
    pub paragraphs: Vec<Cow<'a, str>>,
    /// Variables and their meanings.
    pub environment: Vec<(&'a str, &'a str)>,
}

impl<'a> Notes<'a> {
    /// Parses the notes of a command. A paragraph with the title `Environment:` is the table.
    pub fn of(info: &'a CommandInfoWithArgs) -> Notes<'a> {
        let mut notes = Notes {
            paragraphs: Vec::new(),
            environment: Vec::new(),
        };
        for paragraph in info.notes.iter().flat_map(|note| note.split("\n\n")) {
            match paragraph.strip_prefix("Environment:\n") {
                Some(table) => {
                    let rows = table.lines().filter_map(|row| row.trim().split_once("  "));
                    let rows = rows.map(|(variable, meaning)| (variable, meaning.trim_start()));
                    notes.environment.extend(rows);
                }
                None => notes.paragraphs.push(unescaped(paragraph)),
            }
        }
        notes
    }
}

/// Returns a text as argh prints it. For argh it is a format, in which a brace is written twice.
fn unescaped(format: &str) -> Cow<'_, str> {
    if format.contains(['{', '}']) {
        Cow::Owned(format.replace("{{", "{").replace("}}", "}"))
    } else {
        Cow::Borrowed(format)
    }
}
