//! Gives servers that ignore `PORT` their port: the command line of `run` with the flag that the program takes.
//!
//! Only command lines that are understood as a whole are changed. Where a known server would listen elsewhere, a note
//! says what to write instead.

mod line;
mod package;
mod passing;
mod plan;
mod planner;
mod portless;
mod runners;
mod target;
#[cfg(test)]
mod tests;
mod wording;

use std::ffi::OsString;
use std::path::Path;

use self::line::Place;
use self::planner::Planner;
pub(crate) use self::target::Target;

/// A command line that gives a server its port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// All words of the original, in order and byte for byte, and the flags that were added.
    pub(crate) command_line: Vec<OsString>,
    /// Variables that the program takes its port from, beside `PORT`.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Advice for the user. It quotes the project's files, so it may have control characters.
    pub(crate) notes: Vec<String>,
    /// Advice for the case that the port is in use when the server starts.
    pub(crate) note_if_taken: Option<String>,
    /// The command is a known server, and listens on the port.
    pub(crate) is_server: bool,
}

/// Tells command lines that surely take no port from `PORT`, such as those of clients and of Compose.
pub(crate) fn takes_no_port(command_line: &[OsString]) -> bool {
    let words: Vec<_> = command_line.iter().map(|it| it.to_string_lossy()).collect();
    portless::takes_no_port(&words.iter().map(|it| &**it).collect::<Vec<_>>())
}

/// Rewrites a command line that is started in a folder. Reads the `package.json` of the scripts that it runs, and runs
/// nothing.
pub(crate) fn rewritten(command_line: &[OsString], folder: &Path, target: Target) -> Rewritten {
    // Words that are not UTF-8 match no known name or flag.
    let words: Vec<_> = command_line.iter().map(|it| it.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(|it| &**it).collect();
    let plan = Planner::new(target).plan(&words, Place::Typed, folder);
    let mut notes: Vec<String> = Vec::new();
    for note in plan.notes {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let mut command_line = command_line.to_vec();
    if let Some(insertion) = plan.insertion {
        let port = target.port.to_string();
        let added = insertion.words_with(&port).map(OsString::from);
        command_line.splice(insertion.at..insertion.at, added);
    }
    Rewritten {
        command_line,
        variables: plan.variables,
        notes,
        note_if_taken: plan.note_if_taken,
        is_server: plan.is_server,
    }
}
