//! The result of a scan.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use port_registry::Port;
use serde::Serialize;

use super::fixed_port::{FileKind, FixedPort, PortCandidate};
use super::project_file::ProjectFile;
use super::source_text::read;
use crate::path::folder_of;

/// A part of a file that could not be read or followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ScanNote {
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(rename = "note")]
    pub(crate) text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScanResult {
    pub(crate) ports: Vec<FixedPort>,
    pub(crate) notes: Vec<ScanNote>,
}

impl ScanResult {
    pub(super) fn add(
        &mut self,
        file: &ProjectFile,
        kind: FileKind,
        line: usize,
        candidate: PortCandidate,
    ) {
        self.ports.push(FixedPort {
            service: candidate.service,
            port: candidate.port,
            file: file.shown.clone(),
            line,
            kind,
            guess: candidate.guess,
            implied: candidate.implied,
            origin: candidate.origin,
        });
    }

    pub(super) fn note(
        &mut self,
        file: &ProjectFile,
        line: Option<usize>,
        note: impl Into<String>,
    ) {
        self.notes.push(ScanNote {
            file: file.shown.clone(),
            line,
            text: shortened(note.into()),
        });
    }

    /// Reads a file, or notes that it cannot be read.
    pub(super) fn read(&mut self, file: &ProjectFile) -> Option<String> {
        match read(&file.path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.note_unread(&file.shown, &error);
                None
            }
        }
    }

    /// Notes that a file cannot be read, once.
    pub(super) fn note_unread(&mut self, shown: &str, error: &io::Error) {
        const START: &str = "cannot be read: ";
        let mut notes = self.notes.iter();
        if !notes.any(|note| note.file == shown && note.text.starts_with(START)) {
            self.notes.push(ScanNote {
                file: shown.to_owned(),
                line: None,
                text: shortened(format!("{START}{error}")),
            });
        }
    }

    /// Marks contradictions as guesses. The first certain port decides which service has a port and which port a
    /// service has; whatever repeats or contradicts it later is a guess.
    pub(super) fn mark_repetitions(&mut self) {
        let mut ports = BTreeSet::new();
        let mut services: BTreeMap<String, Port> = BTreeMap::new();
        for fixed in &mut self.ports {
            let other_port = services.get(&fixed.service);
            let has_other_port = other_port.is_some_and(|port| *port != fixed.port);
            fixed.guess |= has_other_port || ports.contains(&fixed.port);
            if !fixed.guess {
                ports.insert(fixed.port);
                services.insert(fixed.service.clone(), fixed.port);
            }
        }
        self.drop_implied_repetitions(&ports);
    }

    /// Drops default ports that the project names elsewhere, and those of services whose port it names. `PORT` in an env file
    /// names the port of the servers in its folder and of a service, but only of those that read it.
    fn drop_implied_repetitions(&mut self, ports: &BTreeSet<Port>) {
        let folder = |fixed: &FixedPort| folder_of(Path::new(&fixed.file)).to_owned();
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        let mut of_variable: BTreeSet<String> = BTreeSet::new();
        let mut services: BTreeSet<String> = BTreeSet::new();
        for fixed in self.ports.iter().filter(|it| !it.guess) {
            // Only `PORT` is certain in these files.
            let named = if fixed.kind == FileKind::Dotenv {
                folders.insert(folder(fixed));
                &mut of_variable
            } else {
                &mut services
            };
            named.insert(fixed.service.clone());
        }
        let mut implied = BTreeSet::new();
        self.ports.retain(|fixed| {
            let is_set = folders.contains(folder_of(Path::new(&fixed.file)))
                || of_variable.contains(&fixed.service);
            let is_named = ports.contains(&fixed.port)
                || services.contains(&fixed.service)
                || (is_set && !fixed.origin.ignores_port);
            // `dev` and `start` of one file are one server.
            let mut is_new = || implied.insert((fixed.file.clone(), fixed.port));
            !fixed.implied || (!is_named && is_new())
        });
    }
}

/// Cuts a note that quotes a long value from a file.
fn shortened(text: String) -> String {
    const MAX_CHARS: usize = 200;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
