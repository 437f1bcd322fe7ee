//! The folder `~/.port-registry/compose`: a record and the overrides of each Compose project that `portctl compose` has run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use port_registry::daemon::{default_folder, fnv_hash, lock_private, replace_private};

use super::record::Record;
use crate::report::Report;

/// The most records that are read.
const MAX_RECORDS: usize = 10_000;

/// The time that other processes have to decide a name. They take milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The ending of overrides.
const OVERRIDE_ENDING: &str = "yaml";

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

    /// Reads all records, ordered by the names of their files. Skips other files, also a record under a name that is not its
    /// own.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records: Vec<(String, Record)> = self
            .files()
            .filter(|it| it.extension().is_some_and(|ending| ending == "json"))
            .take(MAX_RECORDS)
            .filter_map(|file| {
                let record = Record::read(&file).ok()?;
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
        let record = Record::read(&self.file_of(&asked.key())).ok()?;
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
        let written = replace_private(&path, text.as_bytes());
        written.map_err(|error| self.failure(&error))?;
        Ok(path)
    }

    /// Writes text to a new file without a name, which lasts as long as a process has it open.
    pub(crate) fn write_unnamed(&self, text: &[u8]) -> Result<File, Report> {
        let path = self.path.join(format!("stdin-{}", std::process::id()));
        let written = replace_private(&path, text).and_then(|()| {
            let file = File::open(&path)?;
            fs::remove_file(&path)?;
            Ok(file)
        });
        written.map_err(|error| self.failure(&error))
    }

    /// Writes a record, in place of an earlier one of the same project folder.
    pub(crate) fn save(&self, record: &Record) -> Result<(), Report> {
        let path = self.file_of(&record.key());
        let saved = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|json| match Record::read(&path) {
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
        Report::new(format!("cannot write to {path}: {error}")).hint(format!(
            "make it writable; in a sandbox, allow portctl to write to {}",
            self.path.parent().unwrap_or(&self.path).display()
        ))
    }
}

/// Tests if the name of an override without ending is that of a project's.
fn is_key_of(key: &str, name: &str) -> bool {
    let hash = name.strip_prefix(key).and_then(|it| it.strip_prefix('-'));
    hash.is_some_and(|it| it.len() == 16 && it.bytes().all(|it| it.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::slice;

    use super::ComposeFolder;
    use crate::compose::record::Record;

    fn folder() -> (tempfile::TempDir, PathBuf, ComposeFolder) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let compose = ComposeFolder::at(top.join("compose"));
        (folder, top, compose)
    }

    fn record(checkout: &Path, folder: &Path, services: &[&str]) -> Record {
        let mut record = Record::new(checkout, folder);
        record.project = "shop".to_owned();
        record.services = services.iter().map(|&it| it.to_owned()).collect();
        record
    }

    #[test]
    fn saved_record_is_found_by_its_project_folder() {
        let (_folder, top, compose) = folder();
        assert_eq!(compose.records(), []);
        let one = record(&top, &top.join("One Two"), &["db"]);
        let other = record(&top, &top, &["web"]);
        for it in [&one, &other] {
            compose.save(it).unwrap();
            compose.save(it).unwrap();
        }
        assert_eq!(compose.records().len(), 2);
        assert_eq!(compose.record_of(&top, &one.folder), Some(one.clone()));
        assert!(one.key().starts_with("onetwo-"), "{}", one.key());
        assert_eq!(compose.record_of(&one.folder, &top), None);
        compose.remove(&one).unwrap();
        compose.remove(&one).unwrap();
        assert_eq!(compose.records(), [other]);
    }

    #[test]
    fn override_depends_on_the_files_and_goes_with_its_record() {
        let (_folder, top, compose) = folder();
        let own = record(&top, &top, &[]);
        compose.save(&own).unwrap();
        let files = |name: &str| [OsString::from(name)];
        let write = |name, text| compose.write_override(&own, &files(name), text).unwrap();
        let one = write("/a.yaml", "one");
        let other = write("/b.yaml", "other");
        assert_ne!(one, other);
        assert_eq!(write("/a.yaml", "changed"), one);
        assert_eq!(fs::read(&one).unwrap(), b"changed");
        assert_eq!(fs::read(&other).unwrap(), b"other");
        assert_eq!(compose.owner_of(&one), Some(own.clone()));
        assert!(compose.is_override(&one));
        for path in [
            top.join("compose.yaml"),
            one.with_extension("json"),
            one.join("x.yaml"),
            PathBuf::from(""),
            PathBuf::from("/"),
        ] {
            assert!(!compose.is_override(&path), "{path:?}");
        }
        fs::write(top.join("compose/foreign.yaml"), "").unwrap();
        compose.remove(&own).unwrap();
        assert!(!one.exists() && !other.exists());
        assert!(top.join("compose/foreign.yaml").exists());
    }

    #[cfg(unix)]
    #[test]
    fn records_and_overrides_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, top, compose) = folder();
        let own = record(&top, &top, &[]);
        compose.save(&own).unwrap();
        compose.write_override(&own, &[], "text").unwrap();
        drop(compose.lock().unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&top.join("compose")), 0o700);
        let entries = fs::read_dir(top.join("compose")).unwrap();
        let paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
        assert_eq!(paths.len(), 3);
        for path in paths {
            assert_eq!(mode(&path), 0o600, "{path:?}");
        }
    }

    #[test]
    fn other_project_keeps_its_names_as_long_as_its_folder_exists() {
        let (_folder, top, compose) = folder();
        let [docker, gone] = ["docker", "gone"].map(|it| top.join(it));
        fs::create_dir(&docker).unwrap();
        for it in [
            record(&top, &top, &["web"]),
            record(&top, &docker, &["db", "mail"]),
            record(&top, &gone, &["old"]),
            record(&docker, &docker, &["foreign"]),
        ] {
            compose.save(&it).unwrap();
        }
        let names = |folder| Vec::from_iter(compose.names_of_other_projects(&top, folder));
        assert_eq!(names(&top), ["db", "mail"]);
        assert_eq!(names(&docker), ["web"]);
        assert_eq!(names(&top.join("new")), ["db", "mail", "web"]);
    }

    #[cfg(unix)]
    #[test]
    fn files_that_are_no_records_are_skipped() {
        let (_folder, top, compose) = folder();
        let own = record(&top, &top, &["web"]);
        compose.save(&own).unwrap();
        let path = |name: &str| top.join("compose").join(name);
        let saved = fs::read_to_string(path(&format!("{}.json", own.key()))).unwrap();
        // A copy under another name.
        fs::write(path("copy.json"), &saved).unwrap();
        let hostile = record(&top, &top.join("x"), &[]);
        let file = path(&format!("{}.json", hostile.key()));
        let valid = serde_json::to_string(&hostile).unwrap();
        let named = |name: &str| valid.replace("\"shop\"", &format!("{name:?}"));
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "{\"checkout\": 1}",
            "\u{0}",
            &"[".repeat(100_000),
            &format!("{valid}{}", " ".repeat(2 << 20)),
            &valid[..valid.len() - 1],
            &named("a; rm -rf ~"),
            &named("--help"),
            &named(""),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(compose.records(), slice::from_ref(&own), "{text:.40}");
            assert_eq!(compose.record_of(&top, &hostile.folder), None);
        }
        fs::remove_file(&file).unwrap();
        fs::write(top.join("outside"), &valid).unwrap();
        std::os::unix::fs::symlink(top.join("outside"), &file).unwrap();
        assert_eq!(compose.records(), slice::from_ref(&own));
        fs::remove_file(&file).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, mode).unwrap();
        assert_eq!(compose.records(), slice::from_ref(&own));
        assert_eq!(compose.record_of(&top, &hostile.folder), None);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(compose.records(), [own]);
    }
}
