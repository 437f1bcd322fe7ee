//! The fixed host ports of a project, found in the files that its tools read.
//!
//! Nothing is run for it, and nothing but these files is read. What is not certain to be listened on is
//! marked as a guess.

mod compose;
mod devcontainer;
mod dotenv;
mod finding;
mod interpolation;
mod lines;
mod mapping;
mod package;
mod procfile;
mod programs;
mod project;
mod shell;
mod simple;
#[cfg(test)]
mod tests;
mod walk;
mod yaml;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use port_registry::Port;

pub(crate) use self::dotenv::Assignment;
use self::finding::PortCandidate;
pub(crate) use self::finding::{FileKind, FixedPort, PortOrigin, ScanNote, ScanResult};
use self::project::{Project, env_file, read};
use self::walk::{ProjectFile, Walk};

/// Tell what kind of file it is, if it is one.
const KINDS: [fn(&ProjectFile) -> bool; 5] = [
    compose::recognizes,
    procfile::recognizes,
    devcontainer::recognizes,
    package::recognizes,
    dotenv::recognizes,
];

/// The variables of a process.
pub(crate) type Variables = BTreeMap<String, String>;

/// What the text of a `.env` file sets.
pub(crate) fn assignments(text: &str) -> Vec<Assignment> {
    dotenv::parse(text, &Variables::new())
}

/// Scans a folder and those below it, or a single file.
pub(crate) fn scan(path: &Path, environment: &Variables) -> io::Result<ScanResult> {
    let walk = Walk::of(path)?;
    if let [place] = &*walk.places
        && place.is_named
    {
        if !KINDS.iter().any(|recognizes| recognizes(place)) {
            return Err(io::Error::other(
                "it is no Compose file (*.yaml), Procfile, devcontainer.json, package.json or .env",
            ));
        }
        read(&place.path)?;
    }
    let project = Project::new(path, environment, walk.places);
    let mut scan = ScanResult::default();
    for (file, why) in walk.closed {
        let text = format!("cannot be looked into: {why}");
        let line = None;
        scan.notes.push(ScanNote { file, line, text });
    }
    let used = compose::scan(&project, &mut scan);
    procfile::scan(&project, &mut scan);
    devcontainer::scan(&project, &mut scan);
    package::scan(&project, &mut scan);
    dotenv::scan(&project, &used, &mut scan);
    scan.mark_repetitions();
    Ok(scan)
}

/// How many variables a port is looked for in; nobody makes one of more.
const MOST_VARIABLES: usize = 8;

/// The same variables with one that is set to this port.
fn with_port(variables: &Variables, name: &str, port: &str) -> Variables {
    let mut variables = variables.clone();
    variables.insert(name.to_owned(), port.to_owned());
    variables
}

/// The port of a decimal number, if it is one.
fn port(text: &str) -> Option<Port> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number
        .then(|| Port::new(text.parse().ok()?).ok())
        .flatten()
}
