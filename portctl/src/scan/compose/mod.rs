//! Compose files (the Compose Specification, <https://github.com/compose-spec/compose-spec>).

mod published;
mod services;

use std::collections::BTreeSet;
use std::path::Path;

use self::published::Names;
use self::services::Services;
use super::walk::Place;
use super::{Found, Kind, Note, Project, Scan};

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

/// Finds the ports that services publish on the host. What Compose reads by itself comes first; the
/// files that count only with `-f` are guesses.
pub(super) fn scan(project: &Project, scan: &mut Scan) {
    let mut read = BTreeSet::new();
    for group in groups(project, scan) {
        read.extend(group.iter().map(|place| place.path.clone()));
        scan_group(project, &group, false, scan);
    }
    for place in project.files(is_meant) {
        if !read.contains(&place.path) {
            scan_group(project, std::slice::from_ref(place), true, scan);
        }
    }
}

/// The variables that the ports in a folder's Compose files are made of.
pub(super) fn variables_used_in(project: &Project, folder: &Path) -> BTreeSet<String> {
    let variables = project.variables_of(folder);
    let here = project.files_in(folder).filter(|place| is_meant(place));
    // What is wrong with them was told when they were scanned.
    let mut scan = Scan::default();
    let services = here.flat_map(|place| Services::of(place, &mut scan).services);
    let ports = services.flat_map(|service| service.ports);
    ports.flat_map(|port| port.variables(&variables)).collect()
}

pub(super) fn is_meant(place: &Place) -> bool {
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

/// The files that are read together in each folder.
fn groups(project: &Project, scan: &mut Scan) -> Vec<Vec<Place>> {
    let folders = project.folders.keys();
    let groups = folders.map(
        |folder| match project.files_in(folder).find(|it| it.is_named) {
            Some(place) => is_meant(place).then(|| place.clone()).into_iter().collect(),
            None => named_by_variable(project, folder, scan)
                .unwrap_or_else(|| read_by_themselves(project, folder)),
        },
    );
    groups
        .filter(|group: &Vec<Place>| !group.is_empty())
        .collect()
}

/// The first of the usual names that there is, and its override; or else a single file that is for
/// development, as its name says, and so is the one that is meant with `-f`.
fn read_by_themselves(project: &Project, folder: &Path) -> Vec<Place> {
    let first_of = |names: &[&str]| {
        let mut names = names.iter();
        names.find_map(|name| project.files_in(folder).find(|place| place.name() == *name))
    };
    let others: Vec<&Place> = project.files_in(folder).filter(|it| is_meant(it)).collect();
    if let [only] = &*others
        && is_for_development(only)
    {
        return vec![(*only).clone()];
    }
    let main = first_of(&NAMES).into_iter();
    let with_override = main.flat_map(|main| [Some(main), first_of(&OVERRIDES)]);
    with_override.flatten().cloned().collect()
}

fn is_for_development(place: &Place) -> bool {
    let mut words = place.name().split(['.', '-', '_']);
    words.any(|word| matches!(word, "dev" | "development" | "local"))
}

/// The files that `COMPOSE_FILE` names, if it does.
fn named_by_variable(project: &Project, folder: &Path, scan: &mut Scan) -> Option<Vec<Place>> {
    let names = project.setting(folder, "COMPOSE_FILE")?;
    let separator = project.setting(folder, "COMPOSE_PATH_SEPARATOR");
    let separator = separator.as_deref().unwrap_or(":");
    let mut group = Vec::new();
    for name in names.split(separator).map(str::trim) {
        let path = folder.join(name);
        match project.file(&path) {
            Some(place) => group.push(place.clone()),
            None => scan.notes.push(Note {
                file: path.display().to_string(),
                line: None,
                text: "is named by COMPOSE_FILE, and is no file of this project".to_owned(),
            }),
        }
    }
    Some(group)
}

fn scan_group(project: &Project, group: &[Place], is_guess: bool, scan: &mut Scan) {
    let Some(main) = group.first() else {
        return;
    };
    let variables = project.variables_of(main.folder());
    let mut merged = Services::default();
    for (at, place) in group.iter().enumerate() {
        merged.add(at, Services::of(place, scan));
    }
    for service in merged.services {
        let guess = is_guess || service.has_hosts_network;
        let mut names = Names::of(&service.name);
        for port in &service.ports {
            let place = &group[port.file];
            let Some(mappings) = port.mappings(&variables, place, scan) else {
                continue;
            };
            for mapping in mappings {
                let Some(name) = names.name(mapping) else {
                    continue;
                };
                let found = Found {
                    service: name,
                    port: mapping.host,
                    guess,
                };
                scan.find(place, Kind::Compose, port.line, found);
            }
        }
    }
}
