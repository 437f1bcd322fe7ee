//! Compose files (the Compose Specification, <https://github.com/compose-spec/compose-spec>).

mod published;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::published::Names;
use self::services::Services;
use super::walk::Place;
use super::{Found, Kind, Project, Scan};

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
    for group in groups(project) {
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
    let here = project.files(|place| is_meant(place) && place.folder() == folder);
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
fn groups(project: &Project) -> Vec<Vec<Place>> {
    let mut folders: BTreeMap<&Path, Vec<&Place>> = BTreeMap::new();
    for place in &project.files {
        folders.entry(place.folder()).or_default().push(place);
    }
    let groups = folders.into_iter().map(|(folder, places)| {
        if let Some(place) = places.iter().find(|place| place.is_named) {
            return if is_meant(place) {
                vec![(*place).clone()]
            } else {
                Vec::new()
            };
        }
        named_by_variable(project, folder).unwrap_or_else(|| {
            let first_of = |names: &[&str]| {
                let mut names = names.iter();
                names.find_map(|name| places.iter().find(|place| place.name() == *name))
            };
            let main = first_of(&NAMES).into_iter();
            let with_override = main.flat_map(|main| [Some(main), first_of(&OVERRIDES)]);
            with_override
                .flatten()
                .map(|&place| place.clone())
                .collect()
        })
    });
    groups.filter(|group| !group.is_empty()).collect()
}

/// The files that `COMPOSE_FILE` names, if it does.
fn named_by_variable(project: &Project, folder: &Path) -> Option<Vec<Place>> {
    let variables = project.variables_of(folder);
    let value = variables.get("COMPOSE_FILE").filter(|it| !it.is_empty())?;
    let separator = variables.get("COMPOSE_PATH_SEPARATOR");
    let separator = separator.filter(|it| !it.is_empty());
    let separator = separator.map_or(":", String::as_str);
    let paths = value.split(separator).map(|name| folder.join(name.trim()));
    let places = paths.filter_map(|path| {
        let is_it = |place: &&Place| is_same(&place.path, &path);
        project.files.iter().find(is_it).cloned()
    });
    Some(places.collect())
}

/// Whether two paths lead to one place, `.` and `..` aside.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
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
