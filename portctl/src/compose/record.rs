//! The record of a Compose project that `portctl compose` has run.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use port_registry::daemon::fnv_hash;
use serde::{Deserialize, Serialize};

use super::name_text::is_project_name;

/// The most bytes that are read of a record. One with 100 services has a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// A Compose project of a checkout. There is one for each checkout and project folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// The root of the checkout.
    pub(crate) checkout: PathBuf,
    /// The project folder.
    pub(crate) folder: PathBuf,
    /// Git's directory of the checkout if that is a linked worktree, which may move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) worktree: Option<PathBuf>,
    /// The name of the project, as decided.
    pub(crate) project: String,
    /// The name that Compose itself gave the project when that was decided.
    pub(crate) own_name: String,
    /// The services of the registry that publish its ports.
    pub(crate) services: Vec<String>,
    /// Notes that were printed already.
    pub(crate) told: Vec<String>,
}

impl Record {
    /// Makes the record of a project folder whose name is not decided yet.
    pub(crate) fn new(checkout: &Path, folder: &Path) -> Record {
        Record {
            checkout: checkout.to_owned(),
            // Links to a folder make no other project.
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            ..Record::default()
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// Fails if the file is no record, or is a link, a pipe or a huge file.
    pub(super) fn read(file: &Path) -> io::Result<Record> {
        let found = fs::symlink_metadata(file)?;
        if !found.is_file() || found.len() > MAX_BYTES {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut json = Vec::new();
        File::open(file)?.take(MAX_BYTES).read_to_end(&mut json)?;
        let record: Record = serde_json::from_slice(&json)?;
        let is_whole = record.checkout.is_absolute()
            && record.folder.is_absolute()
            && is_project_name(&record.project);
        if is_whole {
            Ok(record)
        } else {
            Err(ErrorKind::InvalidData.into())
        }
    }

    /// The name of its files without an ending. It is readable, and different for each checkout and project folder.
    pub(crate) fn key(&self) -> String {
        let (checkout, folder) = (&self.checkout, &self.folder);
        let bytes = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
        let identity = [bytes(checkout), bytes(folder)].join(&0);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut name = name.to_lowercase();
        name.retain(|it| it.is_ascii_alphanumeric() || "_-".contains(it));
        name.truncate(40);
        let name = name.trim_start_matches(['_', '-']);
        let name = if name.is_empty() { "project" } else { name };
        format!("{name}-{:016x}", fnv_hash(&identity))
    }

    /// Returns those of the notes that were not told yet, and records all of them.
    pub(crate) fn tell(&mut self, notes: Vec<String>) -> Vec<String> {
        let is_new = |it: &&String| !self.told.contains(it);
        let new = notes.iter().filter(is_new).cloned().collect();
        self.told = notes;
        new
    }

    /// Tests if both are of one linked worktree and the same folder in it, wherever that was.
    pub(super) fn is_of_worktree(&self, other: &Record) -> bool {
        let place = |it: &Record| it.folder.strip_prefix(&it.checkout).map(Path::to_owned);
        let is_same = self.worktree.is_some() && self.worktree == other.worktree;
        is_same && place(self).is_ok_and(|it| place(other) == Ok(it))
    }

    /// Tests if both are of one project folder.
    pub(super) fn is_of(&self, other: &Record) -> bool {
        (&self.checkout, &self.folder) == (&other.checkout, &other.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn note_is_told_once() {
        let mut record = Record::default();
        let notes = |all: &[&str]| all.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        assert_eq!(record.tell(notes(&["a", "b"])), ["a", "b"]);
        assert_eq!(record.tell(notes(&["b", "c"])), ["c"]);
        assert_eq!(record.tell(notes(&["b", "c"])), [] as [&str; 0]);
    }
}
