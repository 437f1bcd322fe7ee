//! The search for a project's files, in Compose's order.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::arguments::Arguments;
use super::env_value::value_in_file;
use super::files::{ComposeFiles, FilesSource, SEPARATOR, STDIN};
use super::named_files::NamedFiles;
use crate::environment::ComposeVariables;
use crate::scan::{COMPOSE_NAMES, COMPOSE_OVERRIDES, is_true_to_compose};

/// The surroundings of a command line of Compose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) variables: &'a ComposeVariables,
    /// All variables of the environment, which values in env files may refer to.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// The current folder.
    pub(crate) folder: &'a Path,
}

impl ComposeFiles {
    /// Finds the files in Compose's order: first `--file`, then `COMPOSE_FILE`, then a search of the folder and those above.
    /// `choose` picks those files of `COMPOSE_FILE` that count.
    pub(crate) fn find(
        arguments: &Arguments,
        surroundings: Surroundings,
        choose: impl Fn(Vec<OsString>) -> NamedFiles,
    ) -> ComposeFiles {
        let folder = surroundings.folder;
        let typed_folder = arguments.project_directory();
        let typed_folder = typed_folder.filter(|it| !it.is_empty());
        let typed_folder = typed_folder.map(|it| folder.join(it));
        let start = typed_folder.as_deref().unwrap_or(folder);
        let mut search = FileSearch {
            surroundings,
            choose,
            start,
            env_files: env_files(arguments, surroundings, start),
            has_left_out: false,
            other_checkout: None,
        };
        let found = search
            .find_typed(arguments)
            .or_else(|| search.find_named())
            .or_else(|| search.find_in_folders())
            .unwrap_or_else(|| search.without_files());
        let project_folder = match &typed_folder {
            Some(typed) => typed.clone(),
            None => folder_of_first(&found.files, folder),
        };
        ComposeFiles {
            env_files: search.all_env_files(&found, &project_folder),
            files: found.files,
            project_folder,
            source: found.source,
            has_left_out: search.has_left_out,
            other_checkout: search.other_checkout,
        }
    }

    /// Tests if a search from this folder finds files.
    pub(crate) fn exist_at(folder: &Path) -> bool {
        !search(folder).is_empty()
    }
}

/// Files that one step of the search has found.
struct FoundFiles {
    files: Vec<OsString>,
    source: FilesSource,
    /// The default env file of the project, if it named the files and is not that of the folder.
    project_env_file: Option<PathBuf>,
}

/// A search for the files of a project.
struct FileSearch<'a, Choose> {
    surroundings: Surroundings<'a>,
    choose: Choose,
    /// The folder in which Compose starts.
    start: &'a Path,
    /// The env files that Compose reads before it knows the project's files.
    env_files: Vec<PathBuf>,
    has_left_out: bool,
    other_checkout: Option<PathBuf>,
}

impl<Choose: Fn(Vec<OsString>) -> NamedFiles> FileSearch<'_, Choose> {
    /// Finds the files of `--file`.
    fn find_typed(&self, arguments: &Arguments) -> Option<FoundFiles> {
        let files = arguments.files().into_iter();
        let files = files.map(|it| absolute(it, self.surroundings.folder));
        FoundFiles::new(files.collect(), FilesSource::Typed)
    }

    /// Finds the files of `COMPOSE_FILE` in the environment or in the env files.
    fn find_named(&mut self) -> Option<FoundFiles> {
        let env_files = self.env_files.clone();
        FoundFiles::new(self.named_in(&env_files), self.naming_source())
    }

    /// Finds the files in the folder or the next one above it that has some. Compose then reads the `.env` beside them,
    /// and that may name other files.
    fn find_in_folders(&mut self) -> Option<FoundFiles> {
        let files = search(self.start);
        let project_env_file = files.first()?.with_file_name(".env");
        if self.has_default_env_file() && self.env_files != [&*project_env_file] {
            let files = self.named_in(std::slice::from_ref(&project_env_file));
            if let Some(found) = FoundFiles::new(files, FilesSource::EnvFile) {
                return Some(FoundFiles {
                    project_env_file: Some(project_env_file),
                    ..found
                });
            }
        }
        let files = files.into_iter().map(PathBuf::into_os_string);
        FoundFiles::new(files.collect(), FilesSource::Default)
    }

    /// Returns what is left if there are no files.
    fn without_files(&self) -> FoundFiles {
        let (files, source) = if self.has_left_out {
            // Compose must not open files that do not count, but report that there is no file.
            let missing = self.start.join(COMPOSE_NAMES[0]);
            (vec![missing.into_os_string()], self.naming_source())
        } else {
            (Vec::new(), FilesSource::Default)
        };
        FoundFiles {
            files,
            source,
            project_env_file: None,
        }
    }

    /// Returns those files of `COMPOSE_FILE` that count.
    fn named_in(&mut self, env_files: &[PathBuf]) -> Vec<OsString> {
        let named = named_by_variable(self.surroundings, env_files).into_iter();
        let named = named.map(|it| absolute(it, self.surroundings.folder));
        let named = (self.choose)(named.collect());
        self.has_left_out |= named.has_left_out;
        self.other_checkout = self.other_checkout.take().or(named.other_checkout);
        named.files
    }

    fn naming_source(&self) -> FilesSource {
        match self.surroundings.variables.file {
            Some(_) => FilesSource::Variable,
            None => FilesSource::EnvFile,
        }
    }

    fn has_default_env_file(&self) -> bool {
        self.env_files == [self.start.join(".env")]
    }

    /// Returns the env files that Compose reads for the found files. The default one is the `.env` of the project folder, after
    /// which comes the one that named the files.
    fn all_env_files(&self, found: &FoundFiles, project_folder: &Path) -> Vec<PathBuf> {
        if !self.has_default_env_file() {
            return self.env_files.clone();
        }
        let own = project_folder.join(".env");
        let first_read = found.project_env_file.as_ref();
        let first_read = first_read.unwrap_or(&self.env_files[0]);
        if own == *first_read || found.source != FilesSource::EnvFile {
            vec![own]
        } else {
            vec![own, first_read.clone()]
        }
    }
}

impl FoundFiles {
    /// Returns `None` if there are no files.
    fn new(files: Vec<OsString>, source: FilesSource) -> Option<FoundFiles> {
        let is_found = !files.is_empty();
        is_found.then_some(FoundFiles {
            files,
            source,
            project_env_file: None,
        })
    }
}

/// Resolves a path against the current folder, unless it means standard input.
fn absolute(file: OsString, folder: &Path) -> OsString {
    if file == STDIN {
        file
    } else {
        folder.join(file).into_os_string()
    }
}

/// Returns the folder of the first file that is not standard input, or else the current one.
fn folder_of_first(files: &[OsString], folder: &Path) -> PathBuf {
    let first = files.iter().find(|it| *it != STDIN);
    let first = first.and_then(|it| Path::new(it).parent());
    first.unwrap_or(folder).to_owned()
}

/// The env files that Compose reads before it knows the project's files.
fn env_files(arguments: &Arguments, surroundings: Surroundings, start: &Path) -> Vec<PathBuf> {
    let Surroundings {
        variables, folder, ..
    } = surroundings;
    let typed = arguments.env_files();
    if !typed.is_empty() {
        return typed.iter().map(|it| folder.join(it)).collect();
    }
    if let Some(listed) = &variables.env_files {
        let listed = listed.to_string_lossy();
        return listed.split(',').map(|it| folder.join(it)).collect();
    }
    let disabled = variables.disable_env_file.as_ref();
    if disabled.is_some_and(|it| it.to_str().is_some_and(is_true_to_compose)) {
        return Vec::new();
    }
    vec![start.join(".env")]
}

/// The files that `COMPOSE_FILE` names.
fn named_by_variable(surroundings: Surroundings, env_files: &[PathBuf]) -> Vec<OsString> {
    let variables = surroundings.variables;
    let find = |typed: &Option<OsString>, name: &str| {
        let from_file = || value_in(env_files, surroundings.environment, name);
        typed.clone().or_else(|| from_file().map(OsString::from))
    };
    let Some(files) = find(&variables.file, "COMPOSE_FILE") else {
        return Vec::new();
    };
    let separator = find(&variables.path_separator, "COMPOSE_PATH_SEPARATOR");
    let separator = separator.unwrap_or_else(|| SEPARATOR.into());
    split(&files, separator.as_encoded_bytes())
}

/// Returns the value that a variable has in env files.
fn value_in(
    env_files: &[PathBuf],
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Option<String> {
    let mut files = env_files.iter().rev();
    files.find_map(|file| value_in_file(file, environment, name))
}

#[cfg(unix)]
fn split(list: &OsStr, separator: &[u8]) -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt;
    let mut rest = list.as_bytes();
    let mut parts = Vec::new();
    while let Some(at) = rest.windows(separator.len()).position(|it| it == separator) {
        parts.push(OsStr::from_bytes(&rest[..at]).to_owned());
        rest = &rest[at + separator.len()..];
    }
    parts.push(OsStr::from_bytes(rest).to_owned());
    parts
}

#[cfg(not(unix))]
fn split(list: &OsStr, separator: &[u8]) -> Vec<OsString> {
    let (list, separator) = (list.to_string_lossy(), String::from_utf8_lossy(separator));
    list.split(&*separator).map(OsString::from).collect()
}

/// Searches a folder and those above it for a Compose file, and the override beside it.
fn search(start: &Path) -> Vec<PathBuf> {
    let found = start.ancestors().find_map(|folder| {
        let first = |names: &[&str]| {
            let mut files = names.iter().map(|it| folder.join(it));
            files.find(|it| it.exists())
        };
        let file = first(&COMPOSE_NAMES)?;
        Some([file].into_iter().chain(first(&COMPOSE_OVERRIDES)))
    });
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
