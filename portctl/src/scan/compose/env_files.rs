//! The env files that Compose reads, and its settings in them.

use std::path::{Path, PathBuf};

use crate::scan::env_variables::{EnvVariables, default_file};
use crate::scan::project::Project;

/// The env files of Compose when it is run in a folder.
pub(super) enum EnvFiles {
    /// `COMPOSE_ENV_FILES` names them.
    Named(Vec<PathBuf>),
    /// The `.env` of the folder, and that beside the first Compose file.
    Default,
    /// `COMPOSE_DISABLE_ENV_FILE` is set.
    None,
}

impl EnvFiles {
    /// Reads the environment. Compose ignores these two settings in env files.
    pub(super) fn of(project: &Project) -> EnvFiles {
        let setting = |name: &str| project.environment.get(name);
        // Compose splits at commas, and trims nothing. The names are relative to the folder it is run in.
        let named = setting("COMPOSE_ENV_FILES").filter(|it| !it.is_empty());
        if let Some(named) = named {
            let files = named.split(',').map(|name| project.root.join(name));
            EnvFiles::Named(files.collect())
        } else if setting("COMPOSE_DISABLE_ENV_FILE").is_some_and(|it| is_true(it)) {
            EnvFiles::None
        } else {
            EnvFiles::Default
        }
    }

    /// Returns the env files for a folder, the first taking precedence, in lists of which the last file does.
    pub(super) fn for_folders(&self, folders: &[&Path]) -> Vec<Vec<PathBuf>> {
        match self {
            EnvFiles::Named(files) => vec![files.clone()],
            EnvFiles::Default => {
                let files = folders.iter().filter_map(|folder| default_file(folder));
                files.map(|file| vec![file]).collect()
            }
            EnvFiles::None => Vec::new(),
        }
    }

    /// Returns a setting, such as `COMPOSE_FILE`, that is in force in a folder: from its env files, or, for the
    /// project's root alone, from the environment.
    pub(super) fn setting(&self, project: &Project, folder: &Path, name: &str) -> Option<String> {
        let is_set = |value: &&String| !value.is_empty();
        let environment = project
            .environment
            .get(name)
            .filter(|_| folder == project.root);
        if let Some(value) = environment.filter(is_set) {
            return Some(value.clone());
        }
        let mut without = project.environment.clone();
        without.remove(name);
        let mut variables = EnvVariables::of(&without);
        for files in self.for_folders(&[folder]) {
            variables.add_files(&files);
        }
        variables.values.remove(name).filter(|it| !it.is_empty())
    }
}

/// Reads a boolean as Go's `strconv.ParseBool` does. Compose fails on other values.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
