//! The Compose projects that `portctl compose` has run: a record and the overrides of each, in `~/.port-registry/compose`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use port_registry::daemon::{default_folder, fnv_hash, lock_private, replace_private};
use serde::{Deserialize, Serialize};

use crate::report::Report;

/// The most bytes that are read of a record. One with 100 services has a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// The most records that are read.
const MAX_RECORDS: usize = 10_000;

/// The time that other processes have to decide a name. They take milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The ending of overrides.
const OVERRIDE_ENDING: &str = "yaml";

/// A Compose project of a checkout. There is one for each checkout and project folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// The root of the checkout.
    pub(crate) checkout: PathBuf,
    /// The project folder.
    pub(crate) folder: PathBuf,
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

    /// The name of its files without ending: readable, and different for each checkout and project folder.
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

    /// Tests if both are of one project folder.
    fn is_of(&self, other: &Record) -> bool {
        (&self.checkout, &self.folder) == (&other.checkout, &other.folder)
    }
}

/// The folder of the records and overrides, which need not exist.
#[derive(Clone, Debug)]
pub(crate) struct ComposeFolder {
    path: PathBuf,
}

impl ComposeFolder {
    /// Finds the folder, and creates nothing.
    ///
    /// # Errors
    ///
    /// Fails if the home folder is unknown, or unsafe to use.
    pub(crate) fn open() -> Result<ComposeFolder, Report> {
        Ok(ComposeFolder::at(default_folder()?.join("compose")))
    }

    pub(super) fn at(path: PathBuf) -> ComposeFolder {
        ComposeFolder { path }
    }

    /// Reads all records, ordered by the names of their files. Skips what is none, also what only bears another's name.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records: Vec<(String, Record)> = self
            .files()
            .filter(|it| it.extension().is_some_and(|ending| ending == "json"))
            .take(MAX_RECORDS)
            .filter_map(|file| {
                let record = read(&file).ok()?;
                let key = record.key();
                (file == self.file_of(&key)).then_some((key, record))
            })
            .collect();
        records.sort_by(|(one, _), (other, _)| one.cmp(other));
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Reads the record of a project folder.
    pub(crate) fn record_of(&self, checkout: &Path, folder: &Path) -> Option<Record> {
        let asked = Record::new(checkout, folder);
        let record = read(&self.file_of(&asked.key())).ok()?;
        record.is_of(&asked).then_some(record)
    }

    /// Tests if a path is that of an override in this folder, which need not exist.
    pub(crate) fn is_override(&self, path: &Path) -> bool {
        let (Some(folder), Some(_)) = (path.parent(), path.file_name()) else {
            return false;
        };
        let is_here = folder == self.path
            || folder.canonicalize().is_ok_and(|folder| {
                let own = self.path.canonicalize();
                own.is_ok_and(|own| own == folder)
            });
        is_here && path.extension().is_some_and(|it| it == OVERRIDE_ENDING)
    }

    /// Finds the record that an override belongs to.
    pub(crate) fn owner_of(&self, path: &Path) -> Option<Record> {
        let name = path.file_stem()?.to_str()?;
        let mut records = self.records().into_iter();
        records.find(|it| is_key_of(&it.key(), name))
    }

    /// The names of the services of the other projects in a checkout. One whose folder is gone has none, so that a project
    /// that moves keeps its ports.
    pub(crate) fn names_of_other_projects(
        &self,
        checkout: &Path,
        folder: &Path,
    ) -> BTreeSet<String> {
        let asked = Record::new(checkout, folder);
        let others = self.records().into_iter();
        let others = others.filter(|it| it.checkout == checkout && !it.is_of(&asked));
        let others = others.filter(|it| it.folder.exists());
        others.flat_map(|it| it.services).collect()
    }

    /// Writes the override of a project for these files of it, and returns its path. Other files have another one, so
    /// that a command with other files never replaces it.
    pub(crate) fn write_override(
        &self,
        record: &Record,
        files: &[OsString],
        text: &str,
    ) -> Result<PathBuf, Report> {
        let files: Vec<&[u8]> = files.iter().map(|it| it.as_encoded_bytes()).collect();
        let hash = fnv_hash(&files.join(&0));
        let name = format!("{}-{hash:016x}.{OVERRIDE_ENDING}", record.key());
        let path = self.path.join(name);
        // Compose may be reading it.
        if fs::read(&path).is_ok_and(|it| it == text.as_bytes()) {
            return Ok(path);
        }
        match replace_private(&path, text.as_bytes()) {
            Ok(()) => Ok(path),
            Err(error) => Err(self.failure(&error)),
        }
    }

    /// Writes a record, in place of an earlier one of the same project folder.
    pub(crate) fn save(&self, record: &Record) -> Result<(), Report> {
        let path = self.file_of(&record.key());
        let saved = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|json| match read(&path) {
                Ok(found) if found == *record => Ok(()),
                _ => replace_private(&path, &json),
            });
        saved.map_err(|error| self.failure(&error))
    }

    /// Removes a record and its overrides.
    pub(crate) fn remove(&self, record: &Record) -> Result<(), Report> {
        let key = record.key();
        let is_own = |path: &Path| {
            let name = path.file_stem().and_then(|it| it.to_str());
            let is_override = path.extension().is_some_and(|it| it == OVERRIDE_ENDING);
            is_override && name.is_some_and(|it| is_key_of(&key, it))
        };
        let own: Vec<PathBuf> = self.files().filter(|it| is_own(it)).collect();
        // The record last, so that an override is never without one.
        for path in own.into_iter().chain([self.file_of(&key)]) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(self.failure(&error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits until no other process decides a name. Dropping the returned file lets others go on.
    pub(super) fn lock(&self) -> Result<File, Report> {
        lock_private(&self.path.join("lock"), LOCK_TIMEOUT).map_err(|error| self.failure(&error))
    }

    fn file_of(&self, key: &str) -> PathBuf {
        self.path.join(format!("{key}.json"))
    }

    /// Lists the regular files.
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let files = entries.filter(|it| it.file_type().is_ok_and(|it| it.is_file()));
        files.map(|it| it.path())
    }

    fn failure(&self, error: &io::Error) -> Report {
        let path = self.path.display();
        if error.kind() == ErrorKind::TimedOut {
            return Report::new(format!("another portctl holds {path}/lock"))
                .hint("end it if it was suspended, and repeat the command");
        }
        Report::new(format!("cannot write to {path}: {error}"))
            .hint("make it writable; in a sandbox, allow portctl to write to that folder")
    }
}

/// Tests if the name of an override without ending is that of a project's.
fn is_key_of(key: &str, name: &str) -> bool {
    let hash = name.strip_prefix(key).and_then(|it| it.strip_prefix('-'));
    hash.is_some_and(|it| it.len() == 16 && it.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Reads a record. Fails if the file is none, also if it is a link, a pipe or a huge file.
fn read(file: &Path) -> io::Result<Record> {
    if !fs::symlink_metadata(file)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut json = Vec::new();
    File::open(file)?.take(MAX_BYTES).read_to_end(&mut json)?;
    let record: Record = serde_json::from_slice(&json)?;
    let is_whole =
        record.checkout.is_absolute() && record.folder.is_absolute() && !record.project.is_empty();
    if is_whole {
        Ok(record)
    } else {
        Err(ErrorKind::InvalidData.into())
    }
}
