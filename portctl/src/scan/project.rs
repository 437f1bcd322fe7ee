//! The scanned project: its files, and the variables that apply in its folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::env_assignments::{self, Assignment};
use super::project_file::ProjectFile;
use super::source_text::read;
use super::variables::Variables;
use super::walk;

pub(super) struct Project<'a> {
    pub(super) environment: &'a Variables,
    pub(super) root: PathBuf,
    files: Vec<ProjectFile>,
    /// Indexes into `files`, by folder.
    pub(super) folders: BTreeMap<PathBuf, Vec<usize>>,
    /// Indexes into `files`, by path without `.` and `..`.
    paths: BTreeMap<PathBuf, usize>,
}

impl<'a> Project<'a> {
    pub(super) fn new(
        root: &Path,
        environment: &'a Variables,
        files: Vec<ProjectFile>,
    ) -> Project<'a> {
        let mut folders: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            let folder = file.folder().to_owned();
            folders.entry(folder).or_default().push(index);
            paths.insert(walk::normalized(&file.path), index);
        }
        Project {
            environment,
            root: root.to_owned(),
            files,
            folders,
            paths,
        }
    }

    /// Returns the files of one format.
    pub(super) fn files(
        &self,
        recognizes: impl Fn(&ProjectFile) -> bool,
    ) -> impl Iterator<Item = &ProjectFile> {
        self.files.iter().filter(move |file| recognizes(file))
    }

    pub(super) fn files_in(&self, folder: &Path) -> impl Iterator<Item = &ProjectFile> {
        let indexes = self.folders.get(folder).into_iter().flatten();
        indexes.map(|&index| &self.files[index])
    }

    /// Returns a setting of Compose, such as `COMPOSE_FILE`, that is in force in a folder: from the folder's
    /// `.env`, or, for the scan's root alone, from the environment.
    pub(super) fn setting(&self, folder: &Path, name: &str) -> Option<String> {
        let is_set = |value: &String| !value.is_empty();
        let environment = self.environment.get(name).filter(|_| folder == self.root);
        if let Some(value) = environment.filter(|value| is_set(value)) {
            return Some(value.clone());
        }
        let mut assignments = self.assignments_in(folder).into_iter();
        let last = assignments.rfind(|it| it.name == name);
        last.map(|it| it.value).filter(is_set)
    }

    /// Reads the assignments in the `.env` of a folder.
    fn assignments_in(&self, folder: &Path) -> Vec<Assignment> {
        let text = read(&folder.join(".env")).unwrap_or_default();
        env_assignments::parse(&text, self.environment)
    }

    /// Finds the project's file with this path.
    pub(super) fn file(&self, path: &Path) -> Option<&ProjectFile> {
        let index = self.paths.get(&walk::normalized(path))?;
        self.files.get(*index)
    }

    /// Merges the `.env` files of these folders, the later ones overriding the earlier, under the environment.
    /// These are the variables that Compose and Procfile runners see.
    pub(super) fn variables_of(&self, folders: &[&Path]) -> Variables {
        let mut variables = Variables::new();
        for folder in folders {
            let assignments = self.assignments_in(folder).into_iter();
            variables.extend(assignments.map(|it| (it.name, it.value)));
        }
        variables.extend(self.environment.clone());
        variables
    }
}

/// Returns the path of a folder's `.env` as it is printed.
pub(super) fn env_file(folder: &Path) -> PathBuf {
    let file = folder.join(".env");
    file.strip_prefix(".").map_or(file.clone(), Path::to_owned)
}
