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
mod programs;
mod shell;
#[cfg(test)]
mod tests;
mod walk;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use port_registry::Port;
use serde::Serialize;

pub(crate) use self::dotenv::Assignment;
use self::walk::{Place, Walk};

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
    #[serde(skip)]
    pub(crate) origin: Origin,
}

/// What a port is made of, and so could be changed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The variables each of which is the port, if it is set.
    pub(crate) variables: Vec<String>,
    /// The file that they are read from, if they are read from one.
    pub(crate) env_file: Option<PathBuf>,
    /// The port of the container, where it is one of a range.
    pub(crate) range: Option<u16>,
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

/// What the text of a `.env` file sets.
pub(crate) fn assignments(text: &str) -> Vec<Assignment> {
    dotenv::parse(text, &Environment::new())
}

/// Scans a folder and those below it, or a single file.
pub(crate) fn scan(path: &Path, environment: &Environment) -> io::Result<Scan> {
    let walk = Walk::of(path)?;
    if let [place] = &*walk.places
        && place.is_named
    {
        if !KINDS.iter().any(|is_meant| is_meant(place)) {
            return Err(io::Error::other(
                "it is no Compose file (*.yaml), Procfile, devcontainer.json, package.json or .env",
            ));
        }
        read(&place.path)?;
    }
    let project = Project::new(path, environment, walk.places);
    let mut scan = Scan::default();
    for (file, why) in walk.closed {
        let text = format!("cannot be looked into: {why}");
        let line = None;
        scan.notes.push(Note { file, line, text });
    }
    let used = compose::scan(&project, &mut scan);
    procfile::scan(&project, &mut scan);
    devcontainer::scan(&project, &mut scan);
    package::scan(&project, &mut scan);
    dotenv::scan(&project, &used, &mut scan);
    scan.mark_repetitions();
    Ok(scan)
}

/// What is scanned.
struct Project<'a> {
    environment: &'a Environment,
    root: PathBuf,
    files: Vec<Place>,
    /// The numbers of the files in each folder.
    folders: BTreeMap<PathBuf, Vec<usize>>,
    /// The numbers of the files, by their paths without `.` and `..`.
    paths: BTreeMap<PathBuf, usize>,
}

impl<'a> Project<'a> {
    fn new(root: &Path, environment: &'a Environment, files: Vec<Place>) -> Project<'a> {
        let mut folders: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for (number, place) in files.iter().enumerate() {
            let folder = place.folder().to_owned();
            folders.entry(folder).or_default().push(number);
            paths.insert(walk::normalized(&place.path), number);
        }
        Project {
            environment,
            root: root.to_owned(),
            files,
            folders,
            paths,
        }
    }

    /// The files of one kind, as their names tell.
    fn files(&self, is_meant: impl Fn(&Place) -> bool) -> impl Iterator<Item = &Place> {
        self.files.iter().filter(move |place| is_meant(place))
    }

    /// The files of a folder.
    fn files_in(&self, folder: &Path) -> impl Iterator<Item = &Place> {
        let numbers = self.folders.get(folder).into_iter().flatten();
        numbers.map(|&number| &self.files[number])
    }

    /// A variable that is set for all that Compose does in a folder: by its `.env`, and where the scan
    /// began by the environment, which is that of this folder alone.
    fn setting(&self, folder: &Path, name: &str) -> Option<String> {
        let is_set = |value: &String| !value.is_empty();
        let environment = self.environment.get(name).filter(|_| folder == self.root);
        if let Some(value) = environment.filter(|value| is_set(value)) {
            return Some(value.clone());
        }
        let mut assignments = self.assignments_in(folder).into_iter();
        let last = assignments.rfind(|it| it.name == name);
        last.map(|it| it.value).filter(is_set)
    }

    /// What the `.env` of a folder sets.
    fn assignments_in(&self, folder: &Path) -> Vec<Assignment> {
        let text = read(&folder.join(".env")).unwrap_or_default();
        dotenv::parse(&text, self.environment)
    }

    /// The file of a path, if it is one of the project's.
    fn file(&self, path: &Path) -> Option<&Place> {
        let number = self.paths.get(&walk::normalized(path))?;
        self.files.get(*number)
    }

    /// The variables that the `.env` files of folders give to Compose and to Procfiles, those of later
    /// folders outweighing those of earlier ones.
    fn variables_of(&self, folders: &[&Path]) -> Environment {
        let mut variables = Environment::new();
        for folder in folders {
            let assignments = self.assignments_in(folder).into_iter();
            variables.extend(assignments.map(|it| (it.name, it.value)));
        }
        // The shell's outweigh those of files.
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
            origin: found.origin,
        });
    }

    fn note(&mut self, place: &Place, line: Option<usize>, note: impl Into<String>) {
        self.notes.push(Note {
            file: place.shown.clone(),
            line,
            text: shortened(note.into()),
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

/// The `.env` of a folder, as it is told.
fn env_file(folder: &Path) -> PathBuf {
    let file = folder.join(".env");
    file.strip_prefix(".").map_or(file.clone(), Path::to_owned)
}

/// How many variables a port is looked for in; nobody makes one of more.
const MOST_VARIABLES: usize = 8;

/// The same variables with one that is set to this port.
fn with_port(variables: &Environment, name: &str, port: &str) -> Environment {
    let mut variables = variables.clone();
    variables.insert(name.to_owned(), port.to_owned());
    variables
}

/// A text of a length that is of use to somebody.
fn shortened(text: String) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A port that was found, without the place.
struct Found {
    service: String,
    port: Port,
    guess: bool,
    origin: Origin,
}

/// What is in a file that is not too large to be one of a project's.
fn read(path: &Path) -> io::Result<String> {
    const LARGEST: u64 = 4 << 20;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    // The kernel's own files have no length, and may have no end.
    let mut text = Vec::new();
    if metadata.len() > 0 {
        File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    }
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
