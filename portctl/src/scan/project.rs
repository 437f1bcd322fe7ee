//! The scanned project: its files, and the variables that apply in its folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::env_variables::{EnvVariables, default_file};
use super::project_file::ProjectFile;
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

    /// Finds the project's file with this path.
    pub(super) fn file(&self, path: &Path) -> Option<&ProjectFile> {
        let index = self.paths.get(&walk::normalized(path))?;
        self.files.get(*index)
    }

    /// Returns the file at a path, which may be outside the project.
    pub(super) fn file_at(&self, path: PathBuf) -> ProjectFile {
        match self.file(&path) {
            Some(file) => file.clone(),
            None => ProjectFile {
                shown: walk::shown(&walk::normalized(&path), &self.root),
                path,
                subfolder: None,
                is_named: false,
            },
        }
    }

    /// Reads the `.env` of a folder, under the environment. These are the variables that Procfile runners see.
    pub(super) fn variables_of(&self, folder: &Path) -> EnvVariables {
        let mut variables = EnvVariables::of(self.environment);
        let file = default_file(folder);
        // The scan of env files notes those that cannot be read.
        variables.add_files(file.as_slice());
        variables
    }
}

/// Returns the path of a folder's `.env` as it is printed.
pub(super) fn env_file(folder: &Path) -> PathBuf {
    let file = folder.join(".env");
    file.strip_prefix(".").map_or(file.clone(), Path::to_owned)
}
