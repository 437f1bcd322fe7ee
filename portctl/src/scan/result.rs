//! The result of a scan.

use std::collections::{BTreeMap, BTreeSet};
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
                self.note(file, None, format!("cannot be read: {error}"));
                None
            }
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
        self.drop_implied_repetitions(&ports, &services);
    }

    /// Drops default ports that the project names elsewhere, and those of services whose port it names: by the
    /// service's name, or as `PORT` in the same folder.
    fn drop_implied_repetitions(
        &mut self,
        ports: &BTreeSet<Port>,
        services: &BTreeMap<String, Port>,
    ) {
        // Only `PORT` is certain in these files.
        let is_port_of_folder = |fixed: &&FixedPort| fixed.kind == FileKind::Dotenv && !fixed.guess;
        let folder = |fixed: &FixedPort| folder_of(Path::new(&fixed.file)).to_owned();
        let folders = self.ports.iter().filter(is_port_of_folder).map(folder);
        let folders: BTreeSet<PathBuf> = folders.collect();
        let mut implied = BTreeSet::new();
        self.ports.retain(|fixed| {
            let is_named = ports.contains(&fixed.port)
                || services.contains_key(&fixed.service)
                || folders.contains(folder_of(Path::new(&fixed.file)));
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
