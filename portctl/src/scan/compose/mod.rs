//! Compose files (the Compose Specification, <https://github.com/compose-spec/compose-spec>).

mod published;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::published::PortNames;
use self::services::ComposeServices;
use super::walk::{self, ProjectFile};
use super::{FileKind, PortCandidate, PortOrigin, Project, ScanNote, ScanResult, env_file};

/// What Compose reads by itself: the first of these that is there, and the first of the overrides.
const NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Files that are read together.
struct FileGroup {
    /// Where Compose is run that reads them.
    folder: PathBuf,
    files: Vec<ProjectFile>,
}

/// The variables that ports are made of, by the folders whose `.env` may set them.
pub(super) type PortVariables = BTreeMap<PathBuf, BTreeSet<String>>;

/// Finds the ports that services publish on the host. What Compose reads by itself comes first; the
/// files that count only with `-f` are guesses.
pub(super) fn scan(project: &Project, scan: &mut ScanResult) -> PortVariables {
    let mut used = PortVariables::new();
    let mut read = BTreeSet::new();
    for group in groups(project, scan) {
        read.extend(group.files.iter().map(|place| place.path.clone()));
        scan_group(project, &group, false, scan, &mut used);
    }
    for place in project.files(recognizes) {
        if !read.contains(&place.path) {
            let group = FileGroup {
                folder: place.folder().to_owned(),
                files: vec![place.clone()],
            };
            scan_group(project, &group, true, scan, &mut used);
        }
    }
    used
}

pub(super) fn recognizes(place: &ProjectFile) -> bool {
    let name = place.name();
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    let Some(stem) = stem else {
        return false;
    };
    let rest = stem.strip_prefix("docker-").unwrap_or(stem);
    place.is_named
        || rest
            .strip_prefix("compose")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// The files that are read together in each folder. What `COMPOSE_FILE` names in one counts there, and
/// not in its own folder.
fn groups(project: &Project, scan: &mut ScanResult) -> Vec<FileGroup> {
    let mut groups = Vec::new();
    let mut read = BTreeSet::new();
    let mut others = Vec::new();
    for folder in project.folders.keys() {
        if let Some(place) = project.files_in(folder).find(|it| it.is_named) {
            let files = recognizes(place).then(|| place.clone());
            others.push((folder, files.into_iter().collect()));
        } else if let Some(files) = named_by_variable(project, folder, scan) {
            read.extend(files.iter().map(|place| place.path.clone()));
            groups.push((folder, files));
        } else {
            others.push((folder, read_by_themselves(project, folder)));
        }
    }
    let is_read = |files: &[ProjectFile]| files.iter().any(|place| read.contains(&place.path));
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

/// The first of the usual names that there is, and its override; or else a single file that is for
/// development, as its name says, and so is the one that is meant with `-f`.
fn read_by_themselves(project: &Project, folder: &Path) -> Vec<ProjectFile> {
    let first_of = |names: &[&str]| {
        let mut names = names.iter();
        names.find_map(|name| project.files_in(folder).find(|place| place.name() == *name))
    };
    let others: Vec<&ProjectFile> = project
        .files_in(folder)
        .filter(|it| recognizes(it))
        .collect();
    if let [only] = &*others
        && is_for_development(only)
    {
        return vec![(*only).clone()];
    }
    let main = first_of(&NAMES).into_iter();
    let with_override = main.flat_map(|main| [Some(main), first_of(&OVERRIDES)]);
    with_override.flatten().cloned().collect()
}

fn is_for_development(place: &ProjectFile) -> bool {
    let mut words = place.name().split(['.', '-', '_']);
    words.any(|word| matches!(word, "dev" | "development" | "local"))
}

/// The files that `COMPOSE_FILE` names, if it does.
fn named_by_variable(
    project: &Project,
    folder: &Path,
    scan: &mut ScanResult,
) -> Option<Vec<ProjectFile>> {
    let names = project.setting(folder, "COMPOSE_FILE")?;
    let separator = project.setting(folder, "COMPOSE_PATH_SEPARATOR");
    let separator = separator.as_deref().unwrap_or(":");
    let mut group = Vec::new();
    for name in names.split(separator).map(str::trim) {
        let path = folder.join(name);
        let shown = walk::shown(&path, &project.root);
        match project.file(&path) {
            Some(place) => group.push(place.clone()),
            // Compose reads what is outside of the project, too.
            None if path.is_file() => group.push(ProjectFile {
                path,
                shown,
                below: None,
                is_named: false,
            }),
            None => scan.notes.push(ScanNote {
                file: shown,
                line: None,
                text: "is named by COMPOSE_FILE, and is not there".to_owned(),
            }),
        }
    }
    Some(group)
}

fn scan_group(
    project: &Project,
    group: &FileGroup,
    is_guess: bool,
    scan: &mut ScanResult,
    used: &mut PortVariables,
) {
    let Some(main) = group.files.first() else {
        return;
    };
    // The folder of the first file is the project's; where Compose is run counts for more.
    let folders = [main.folder(), &group.folder];
    let variables = project.variables_of(&folders);
    let mut merged = ComposeServices::default();
    for (at, place) in group.files.iter().enumerate() {
        merged.add(at, ComposeServices::of(place, scan));
    }
    for service in merged.services {
        let guess = is_guess || service.has_hosts_network();
        let mut names = PortNames::of(&service.name);
        for port in &service.ports {
            let place = &group.files[port.file];
            let names_in_it = port.variables(&variables);
            // What counts only with `-f` settles nothing.
            for folder in folders.iter().filter(|_| !is_guess) {
                let used = used.entry(folder.to_path_buf()).or_default();
                used.extend(names_in_it.iter().cloned());
            }
            let Some(mappings) = port.mappings(&variables, place, scan) else {
                continue;
            };
            let is_range = mappings.len() > 1;
            for mapping in mappings {
                let Some(name) = names.name(mapping) else {
                    continue;
                };
                let found = PortCandidate {
                    service: name,
                    port: mapping.host,
                    guess,
                    origin: PortOrigin {
                        variables: names_in_it.clone(),
                        env_file: Some(env_file(&group.folder)),
                        range: is_range.then_some(mapping.container),
                    },
                };
                scan.find(place, FileKind::Compose, port.line, found);
            }
        }
    }
}
