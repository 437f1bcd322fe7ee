//! What a scan finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use port_registry::Port;
use serde::Serialize;

use super::project::read;
use super::walk::ProjectFile;

/// A port that a file says a service has on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FixedPort {
    pub(crate) service: String,
    pub(crate) port: Port,
    /// As the scanned path leads to it.
    pub(crate) file: String,
    /// The first is 1.
    pub(crate) line: usize,
    pub(crate) kind: FileKind,
    /// Whether it is not certain that the service listens there.
    pub(crate) guess: bool,
    #[serde(skip)]
    pub(crate) origin: PortOrigin,
}

/// What a port is made of, and so could be changed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortOrigin {
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
pub(crate) enum FileKind {
    Compose,
    Procfile,
    Devcontainer,
    Package,
    Dotenv,
}

/// Something in a file that could not be followed, or not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ScanNote {
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(rename = "note")]
    pub(crate) text: String,
}

/// What a scan came upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScanResult {
    pub(crate) findings: Vec<FixedPort>,
    pub(crate) notes: Vec<ScanNote>,
}

/// A port that was found, without the place.
pub(super) struct PortCandidate {
    pub(super) service: String,
    pub(super) port: Port,
    pub(super) guess: bool,
    pub(super) origin: PortOrigin,
}

impl ScanResult {
    pub(super) fn find(
        &mut self,
        place: &ProjectFile,
        kind: FileKind,
        line: usize,
        found: PortCandidate,
    ) {
        self.findings.push(FixedPort {
            service: found.service,
            port: found.port,
            file: place.shown.clone(),
            line,
            kind,
            guess: found.guess,
            origin: found.origin,
        });
    }

    pub(super) fn note(
        &mut self,
        place: &ProjectFile,
        line: Option<usize>,
        note: impl Into<String>,
    ) {
        self.notes.push(ScanNote {
            file: place.shown.clone(),
            line,
            text: shortened(note.into()),
        });
    }

    /// The text of a file, or else a note that it cannot be read.
    pub(super) fn read(&mut self, place: &ProjectFile) -> Option<String> {
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
    pub(super) fn mark_repetitions(&mut self) {
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

/// A text of a length that is of use to somebody.
fn shortened(text: String) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
