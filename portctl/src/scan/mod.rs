//! The fixed host ports of a project, found in the files that its tools read.
//!
//! Nothing is run for it, and nothing but these files is read. What is not certain to be listened on is
//! marked as a guess.

mod compose;
mod devcontainer;
mod dotenv;
mod interpolation;
mod lines;
mod mapping;
mod package;
mod procfile;
mod shell;
#[cfg(test)]
mod tests;
mod walk;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use port_registry::Port;
use serde::Serialize;

use self::walk::Place;

/// A port that a file says a service has on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) service: String,
    pub(crate) port: Port,
    /// As the scanned path leads to it.
    pub(crate) file: String,
    /// The first is 1.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    /// Whether it is not certain that the service listens there.
    pub(crate) guess: bool,
}

/// What kind of file says so. What an earlier one says outweighs what a later one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Compose,
    Procfile,
    Devcontainer,
    Package,
    Dotenv,
}

/// Something in a file that could not be followed, or not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Note {
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(rename = "note")]
    pub(crate) text: String,
}

/// What a scan came upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) findings: Vec<Finding>,
    pub(crate) notes: Vec<Note>,
}

/// Tell what kind of file it is, if it is one.
const KINDS: [fn(&Place) -> bool; 5] = [
    compose::is_meant,
    procfile::is_meant,
    devcontainer::is_meant,
    package::is_meant,
    dotenv::is_meant,
];

/// The variables of a process.
pub(crate) type Environment = BTreeMap<String, String>;

/// The variables that are text.
pub(crate) fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Environment {
    let variables =
        variables.map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.flatten().collect()
}

/// Scans a folder and those below it, or a single file.
pub(crate) fn scan(path: &Path, environment: &Environment) -> io::Result<Scan> {
    let project = Project {
        environment,
        files: walk::files(path)?,
    };
    if let [place] = &*project.files
        && place.is_named
        && !KINDS.iter().any(|is_meant| is_meant(place))
    {
        return Err(io::Error::other(
            "it is no Compose file (*.yaml), Procfile, devcontainer.json, package.json or .env",
        ));
    }
    let mut scan = Scan::default();
    compose::scan(&project, &mut scan);
    procfile::scan(&project, &mut scan);
    devcontainer::scan(&project, &mut scan);
    package::scan(&project, &mut scan);
    dotenv::scan(&project, &mut scan);
    scan.mark_repetitions();
    Ok(scan)
}

/// What is scanned.
struct Project<'a> {
    environment: &'a Environment,
    files: Vec<Place>,
}

impl Project<'_> {
    /// The files of one kind, as their names tell.
    fn files(&self, is_meant: impl Fn(&Place) -> bool) -> impl Iterator<Item = &Place> {
        self.files.iter().filter(move |place| is_meant(place))
    }

    /// The variables that the `.env` of a folder gives to Compose and to Procfiles.
    fn variables_of(&self, folder: &Path) -> Environment {
        let text = read(&folder.join(".env")).unwrap_or_default();
        let mut variables = Environment::new();
        for assignment in dotenv::parse(&text, self.environment) {
            variables.insert(assignment.name, assignment.value);
        }
        // The shell's outweigh those of the file.
        variables.extend(self.environment.clone());
        variables
    }
}

impl Scan {
    fn find(&mut self, place: &Place, kind: Kind, line: usize, found: Found) {
        self.findings.push(Finding {
            service: found.service,
            port: found.port,
            file: place.shown.clone(),
            line,
            kind,
            guess: found.guess,
        });
    }

    fn note(&mut self, place: &Place, line: Option<usize>, note: impl Into<String>) {
        self.notes.push(Note {
            file: place.shown.clone(),
            line,
            text: note.into(),
        });
    }

    /// The text of a file, or else a note that it cannot be read.
    fn read(&mut self, place: &Place) -> Option<String> {
        match read(&place.path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.note(place, None, format!("cannot be read: {error}"));
                None
            }
        }
    }

    /// Has what outweighs other findings settle whose a port is, and which port a name has: what was
    /// found of it later is a guess.
    fn mark_repetitions(&mut self) {
        let mut ports = BTreeSet::new();
        let mut services: BTreeMap<String, Port> = BTreeMap::new();
        for finding in &mut self.findings {
            let other_port = services.get(&finding.service);
            let has_other_port = other_port.is_some_and(|port| *port != finding.port);
            finding.guess |= has_other_port || ports.contains(&finding.port);
            if !finding.guess {
                ports.insert(finding.port);
                services.insert(finding.service.clone(), finding.port);
            }
        }
    }
}

/// A port that was found, without the place.
struct Found {
    service: String,
    port: Port,
    guess: bool,
}

/// What is in a file that is not too large to be one of a project's.
fn read(path: &PathBuf) -> io::Result<String> {
    const LARGEST: u64 = 4 << 20;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    let text = fs::read(path)?;
    let text = String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// The port of a decimal number, if it is one.
fn port(text: &str) -> Option<Port> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number
        .then(|| Port::new(text.parse().ok()?).ok())
        .flatten()
}
