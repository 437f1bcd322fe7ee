//! Finds the ports that Compose services publish on the host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::groups::{FileGroup, groups, recognizes};
use super::names::PortNames;
use super::published_port::PublishedPort;
use super::services::{ComposeService, ComposeServices};
use crate::scan::fixed_port::{FileKind, PortCandidate, PortOrigin};
use crate::scan::project::{Project, env_file};
use crate::scan::result::ScanResult;
use crate::scan::variables::Variables;

/// The variables that set published ports, by the folder whose `.env` may define them.
pub(in crate::scan) type PortVariables = BTreeMap<PathBuf, BTreeSet<String>>;

/// Scans the files that Compose reads by default, then the others. The others count only with `-f`, so their ports
/// are guesses. Returns the variables that set ports.
pub(in crate::scan) fn scan(project: &Project, result: &mut ScanResult) -> PortVariables {
    let mut used = PortVariables::new();
    let mut read = BTreeSet::new();
    for group in groups(project, result) {
        read.extend(group.files.iter().map(|file| file.path.clone()));
        scan_group(project, &group, false, result, &mut used);
    }
    for file in project.files(recognizes) {
        if !read.contains(&file.path) {
            let group = FileGroup {
                folder: file.folder().to_owned(),
                files: vec![file.clone()],
            };
            scan_group(project, &group, true, result, &mut used);
        }
    }
    used
}

fn scan_group(
    project: &Project,
    group: &FileGroup,
    is_guess: bool,
    result: &mut ScanResult,
    used: &mut PortVariables,
) {
    let folders = env_folders(group);
    let (merged, variables) = merged(project, group, result);
    for service in merged.services {
        let mut names = PortNames::of(&service.name);
        for port in &service.ports {
            let port_variables = port.variables(&variables);
            // A file that counts only with `-f` does not claim variables of `.env`.
            for folder in folders.iter().filter(|_| !is_guess) {
                let used = used.entry(folder.to_path_buf()).or_default();
                used.extend(port_variables.iter().cloned());
            }
            let entry = PortEntry {
                group,
                service: &service,
                port,
                port_variables,
                is_guess,
            };
            entry.add_to(result, &mut names, &variables);
        }
    }
}

/// Reads the merged services of a group, and the variables that apply to them.
pub(super) fn merged(
    project: &Project,
    group: &FileGroup,
    result: &mut ScanResult,
) -> (ComposeServices, Variables) {
    let mut merged = ComposeServices::default();
    for (index, file) in group.files.iter().enumerate() {
        merged.add(index, ComposeServices::of(file, result));
    }
    (merged, project.variables_of(&env_folders(group)))
}

/// Returns the folders whose `.env` applies: that of the first file, overridden by the one that Compose is run in.
fn env_folders(group: &FileGroup) -> Vec<&Path> {
    let first = group.files.first().map(|it| it.folder());
    first.into_iter().chain([&*group.folder]).collect()
}

/// An entry of `ports` of a merged service.
struct PortEntry<'a> {
    group: &'a FileGroup,
    service: &'a ComposeService,
    port: &'a PublishedPort,
    port_variables: Vec<String>,
    is_guess: bool,
}

impl PortEntry<'_> {
    fn add_to(self, result: &mut ScanResult, names: &mut PortNames, variables: &Variables) {
        let file = &self.group.files[self.port.file];
        let Some(mappings) = self.port.mappings(variables, file, result) else {
            return;
        };
        let is_range = mappings.len() > 1;
        for mapping in mappings {
            let Some(name) = names.name(mapping) else {
                continue;
            };
            let candidate = PortCandidate {
                service: name,
                port: mapping.host,
                guess: self.is_guess || self.service.has_host_network(),
                implied: false,
                origin: PortOrigin {
                    variables: self.port_variables.clone(),
                    env_file: Some(env_file(&self.group.folder)),
                    range: is_range.then_some(mapping.container),
                    published: self.port.fixed_entry(mapping.host),
                    script: None,
                    ignores_port: false,
                },
            };
            result.add(file, FileKind::Compose, self.port.line, candidate);
        }
    }
}
