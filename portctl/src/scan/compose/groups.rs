//! The Compose files of a project, grouped as Compose merges them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::env_files::EnvFiles;
use crate::scan::project::Project;
use crate::scan::project_file::ProjectFile;
use crate::scan::result::{ScanNote, ScanResult};
use crate::scan::walk;

/// The files that Compose looks for, in this order; it reads the first that exists.
pub(crate) const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
/// The override files that Compose looks for, in this order; it merges the first that exists.
pub(crate) const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Files that Compose merges into one project.
pub(super) struct FileGroup {
    /// The folder that Compose is run in to read these files.
    pub(super) folder: PathBuf,
    pub(super) files: Vec<ProjectFile>,
}

pub(in crate::scan) fn recognizes(file: &ProjectFile) -> bool {
    let name = file.name();
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    let Some(stem) = stem else {
        return false;
    };
    let rest = stem.strip_prefix("docker-").unwrap_or(stem);
    file.is_named
        || rest
            .strip_prefix("compose")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// Returns the files that Compose reads in each folder by default. Files that `COMPOSE_FILE` names in one folder
/// belong to that folder's group, not to the group of their own folder.
pub(super) fn groups(
    project: &Project,
    env_files: &EnvFiles,
    result: &mut ScanResult,
) -> Vec<FileGroup> {
    let mut groups = Vec::new();
    let mut read = BTreeSet::new();
    let mut others = Vec::new();
    for folder in project.folders.keys() {
        if let Some(file) = project.files_in(folder).find(|it| it.is_named) {
            let files = recognizes(file).then(|| file.clone());
            others.push((folder, files.into_iter().collect()));
        } else if let Some(files) = named_by_variable(project, env_files, folder, result) {
            read.extend(files.iter().map(|file| file.path.clone()));
            groups.push((folder, files));
        } else {
            others.push((folder, default_files(project, folder)));
        }
    }
    let is_read = |files: &[ProjectFile]| files.iter().any(|file| read.contains(&file.path));
    others.retain(|(_, files)| !is_read(files));
    groups.extend(others);
    groups.retain(|(_, files)| !files.is_empty());
    groups.sort_by_key(|(folder, _)| *folder);
    let groups = groups.into_iter().map(|(folder, files)| FileGroup {
        folder: folder.clone(),
        files,
    });
    groups.collect()
}

/// Returns the default file of a folder and its override. If the only Compose file is one for development, such
/// as `compose.dev.yaml`, returns that, because it must be the one that people pass with `-f`.
fn default_files(project: &Project, folder: &Path) -> Vec<ProjectFile> {
    let first_of = |names: &[&str]| {
        let mut names = names.iter();
        names.find_map(|name| project.files_in(folder).find(|file| file.name() == *name))
    };
    let all: Vec<&ProjectFile> = project
        .files_in(folder)
        .filter(|it| recognizes(it))
        .collect();
    if let [only] = &*all
        && is_for_development(only)
    {
        return vec![(*only).clone()];
    }
    let main = first_of(&NAMES).into_iter();
    let with_override = main.flat_map(|main| [Some(main), first_of(&OVERRIDES)]);
    with_override.flatten().cloned().collect()
}

fn is_for_development(file: &ProjectFile) -> bool {
    let mut words = file.name().split(['.', '-', '_']);
    words.any(|word| matches!(word, "dev" | "development" | "local"))
}

/// Returns the files that `COMPOSE_FILE` names, or `None` if it is not set.
fn named_by_variable(
    project: &Project,
    env_files: &EnvFiles,
    folder: &Path,
    result: &mut ScanResult,
) -> Option<Vec<ProjectFile>> {
    let names = env_files.setting(project, folder, "COMPOSE_FILE")?;
    let separator = env_files.setting(project, folder, "COMPOSE_PATH_SEPARATOR");
    let separator = separator.as_deref().unwrap_or(":");
    let mut group = Vec::new();
    for name in names.split(separator).map(str::trim) {
        let path = folder.join(name);
        // Compose also reads files outside the project.
        if project.file(&path).is_some() || path.is_file() {
            group.push(project.file_at(path));
        } else {
            result.notes.push(ScanNote {
                file: walk::shown(&path, &project.root),
                line: None,
                text: "is named by COMPOSE_FILE, but does not exist".to_owned(),
            });
        }
    }
    Some(group)
}
