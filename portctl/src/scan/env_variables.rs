//! The variables of env files, under those of the environment, and those that cannot be known.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::env_assignments::parse;
use super::source_text::read;
use super::variables::Variables;

/// Variables in order of precedence: those added first win.
#[derive(Clone, Debug, Default)]
pub(super) struct EnvVariables {
    pub(super) values: Variables,
    /// The names that take precedence over the first file that could not be read, if there is one.
    certain: Option<BTreeSet<String>>,
}

/// An env file that could not be read.
#[derive(Debug)]
pub(super) struct UnreadFile {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

impl UnreadFile {
    /// Returns the reason in words, to be put behind the file.
    pub(super) fn problem(&self) -> String {
        match self.error.kind() {
            io::ErrorKind::NotFound => "does not exist".to_owned(),
            _ => format!("cannot be read: {}", self.error),
        }
    }
}

impl EnvVariables {
    pub(super) fn of(environment: &Variables) -> EnvVariables {
        EnvVariables {
            values: environment.clone(),
            certain: None,
        }
    }

    /// Adds the variables of env files, of which the last takes precedence. Returns those that cannot be read.
    pub(super) fn add_files(&mut self, files: &[PathBuf]) -> Vec<UnreadFile> {
        let mut unread = Vec::new();
        let mut known = self.values.clone();
        let mut added = Variables::new();
        // Of these files alone.
        let mut certain = BTreeSet::new();
        for path in files {
            match read(path) {
                Ok(text) => {
                    for assignment in parse(&text, &known) {
                        certain.insert(assignment.name.clone());
                        added.insert(assignment.name, assignment.value);
                    }
                    let new = added
                        .iter()
                        .filter(|(name, _)| !self.values.contains_key(*name));
                    known.extend(new.map(|(name, value)| (name.clone(), value.clone())));
                }
                Err(error) => {
                    certain.clear();
                    let path = path.clone();
                    unread.push(UnreadFile { path, error });
                }
            }
        }
        if !unread.is_empty() && self.certain.is_none() {
            certain.extend(self.values.keys().cloned());
            self.certain = Some(certain);
        }
        for (name, value) in added {
            self.values.entry(name).or_insert(value);
        }
        unread
    }

    /// Returns true if a file that could not be read may set one of these variables.
    pub(super) fn are_uncertain(&self, names: &[String]) -> bool {
        let certain = self.certain.as_ref();
        certain.is_some_and(|certain| names.iter().any(|name| !certain.contains(name)))
    }
}

/// Returns the `.env` of a folder. Like Compose, ignores a folder of this name, often a virtual environment of Python.
pub(super) fn default_file(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(".env");
    let is_ignored = match fs::metadata(&path) {
        Ok(metadata) => metadata.is_dir(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    (!is_ignored).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{EnvVariables, default_file};
    use crate::scan::variables::Variables;

    #[test]
    fn variables_below_an_unread_file_are_uncertain() {
        let folder = tempfile::tempdir().unwrap();
        let [upper, unread, lower] = ["upper", "unread", "lower"].map(|it| folder.path().join(it));
        fs::write(&upper, "A=1\nB=$A$E\n").unwrap();
        fs::write(&unread, b"A=\xe9").unwrap();
        fs::write(&lower, "A=2\nC=3\n").unwrap();
        let environment = Variables::from([("E".to_owned(), "e".to_owned())]);
        let mut variables = EnvVariables::of(&environment);
        let files = [unread.clone(), upper];
        assert_eq!(variables.add_files(&files).len(), 1);
        assert!(variables.add_files(&[lower]).is_empty());
        let expected = [("A", "1"), ("B", "1e"), ("C", "3"), ("E", "e")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables.values, Variables::from(expected));
        for (name, is_uncertain) in [
            ("A", false),
            ("B", false),
            ("E", false),
            ("C", true),
            ("X", true),
        ] {
            assert_eq!(
                variables.are_uncertain(&[name.to_owned()]),
                is_uncertain,
                "{name}"
            );
        }
        assert!(variables.are_uncertain(&["A".to_owned(), "C".to_owned()]));
        assert_eq!(variables.add_files(&[unread]).len(), 1);
        assert!(!variables.are_uncertain(&["A".to_owned()]));
    }

    #[test]
    fn folder_of_that_name_is_no_env_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(default_file(folder.path()), None);
        let path = folder.path().join(".env");
        fs::create_dir(&path).unwrap();
        assert_eq!(default_file(folder.path()), None);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert_eq!(default_file(folder.path()), Some(path));
    }
}
