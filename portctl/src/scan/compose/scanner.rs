//! Finds the ports that Compose services publish on the host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::env_files::EnvFiles;
use super::groups::{FileGroup, groups, recognizes};
use super::names::PortNames;
use super::published_port::PublishedPort;
use super::reader::{MAX_REFERENCED_BYTES, Reader};
use super::scope::Scope;
use super::services::{ComposeService, MergedFiles};
use crate::scan::env_variables::EnvVariables;
use crate::scan::fixed_port::{FileKind, PortCandidate, PortOrigin};
use crate::scan::project::{Project, env_file};
use crate::scan::result::{ScanNote, ScanResult};
use crate::scan::walk;

/// The variables that set published ports, by the env file that may define them.
pub(in crate::scan) type PortVariables = BTreeMap<PathBuf, BTreeSet<String>>;

/// Limit for the ports of all Compose files, and for the entries that are read. Services that extend one another may
/// repeat the ports of one file very often.
const MAX_PORTS: usize = 200_000;

/// Scans the files that Compose reads by default, then the others. The others count only with `-f`, so their ports
/// are guesses. Returns the variables that set ports.
pub(in crate::scan) fn scan(project: &Project, result: &mut ScanResult) -> PortVariables {
    let mut scanner = Scanner::new(project);
    let mut notes = ScanResult::default();
    let groups = groups(project, &scanner.env_files, &mut notes);
    let groups = groups.into_iter();
    let groups: Vec<ScannedGroup> = groups.map(|it| scanner.scan_group(&it, false)).collect();
    let mut found = Found {
        result,
        known: BTreeSet::new(),
        noted: BTreeSet::new(),
        used: PortVariables::new(),
    };
    found.add(notes, false);
    let mut read = BTreeSet::new();
    for group in without_included(groups) {
        found.add(group.result, false);
        for (file, variables) in group.used {
            found.used.entry(file).or_default().extend(variables);
        }
        read.extend(group.files);
        read.extend(group.included);
    }
    for file in project.files(recognizes) {
        if !read.contains(&walk::normalized(&file.path)) {
            let group = FileGroup {
                folder: file.folder().to_owned(),
                files: vec![file.clone()],
            };
            found.add(scanner.scan_group(&group, true).result, true);
        }
    }
    found.used
}

/// The findings of all groups.
struct Found<'a> {
    result: &'a mut ScanResult,
    /// Service, port, file and line of the findings.
    known: BTreeSet<(String, u16, String, usize)>,
    noted: BTreeSet<ScanNote>,
    used: PortVariables,
}

impl Found<'_> {
    /// Adds the findings of a group. Files that count only with `-f` often refer to those that are read anyway.
    fn add(&mut self, group: ScanResult, is_guess: bool) {
        for fixed in group.ports {
            let known = (
                fixed.service.clone(),
                fixed.port.get(),
                fixed.file.clone(),
                fixed.line,
            );
            if self.known.insert(known) || !is_guess {
                self.result.ports.push(fixed);
            }
        }
        for note in group.notes {
            if self.noted.insert(note.clone()) {
                self.result.notes.push(note);
            }
        }
    }
}

/// The findings in a group of files. Paths are without `.` and `..`.
struct ScannedGroup {
    files: Vec<PathBuf>,
    included: BTreeSet<PathBuf>,
    result: ScanResult,
    used: PortVariables,
}

impl ScannedGroup {
    fn includes(&self, other: &ScannedGroup) -> bool {
        other.files.iter().any(|file| self.included.contains(file))
    }
}

/// Leaves out the groups that others include. Of those that include each other, the first stays.
fn without_included(groups: Vec<ScannedGroup>) -> Vec<ScannedGroup> {
    let is_included = |index: usize| {
        let group: &ScannedGroup = &groups[index];
        let mut others = groups.iter().enumerate().filter(|(it, _)| *it != index);
        others.any(|(other_index, other)| {
            other.includes(group) && (other_index < index || !group.includes(other))
        })
    };
    let included: Vec<bool> = (0..groups.len()).map(is_included).collect();
    let groups = groups.into_iter().zip(included);
    groups
        .filter_map(|(group, it)| (!it).then_some(group))
        .collect()
}

pub(super) struct Scanner<'a, 'p> {
    project: &'a Project<'p>,
    pub(super) env_files: EnvFiles,
    remaining_bytes: usize,
    remaining_ports: usize,
}

impl<'a, 'p> Scanner<'a, 'p> {
    pub(super) fn new(project: &'a Project<'p>) -> Scanner<'a, 'p> {
        Scanner {
            project,
            env_files: EnvFiles::of(project),
            remaining_bytes: MAX_REFERENCED_BYTES,
            remaining_ports: MAX_PORTS,
        }
    }

    /// Merges the files of a group. Returns the paths of those that they include, too.
    pub(super) fn merged(
        &mut self,
        group: &FileGroup,
        result: &mut ScanResult,
    ) -> (MergedFiles, BTreeSet<PathBuf>) {
        let scope = self.scope(group, result);
        let mut reader = Reader::new(self.project, result, &mut self.remaining_bytes);
        reader.read_all(&group.files, &Rc::new(scope));
        (reader.merged, reader.included)
    }

    fn scan_group(&mut self, group: &FileGroup, is_guess: bool) -> ScannedGroup {
        let mut result = ScanResult::default();
        let (merged, included) = self.merged(group, &mut result);
        let mut ports = PortScan {
            merged: &merged,
            project: self.project,
            folder: &group.folder,
            is_guess,
            remaining: &mut self.remaining_ports,
            is_limit_noted: false,
            result: &mut result,
            used: PortVariables::new(),
        };
        for service in &merged.services {
            ports.scan(service);
        }
        let used = ports.used;
        let files = group.files.iter().map(|file| walk::normalized(&file.path));
        ScannedGroup {
            files: files.collect(),
            included,
            result,
            used,
        }
    }

    fn scope(&self, group: &FileGroup, result: &mut ScanResult) -> Scope {
        let main = group.files.first().map_or(&*group.folder, |it| it.folder());
        let mut folders = vec![&*group.folder];
        if main != group.folder {
            folders.push(main);
        }
        let mut variables = EnvVariables::of(self.project.environment);
        let mut env_files = Vec::new();
        let mut unread = Vec::new();
        for files in self.env_files.for_folders(&folders) {
            unread.extend(variables.add_files(&files));
            env_files.extend(files);
        }
        if let EnvFiles::Named(_) = self.env_files {
            for file in unread.drain(..) {
                result.notes.push(ScanNote {
                    file: walk::shown(&file.path, &self.project.root),
                    line: None,
                    text: format!("is named by COMPOSE_ENV_FILES, but {}", file.problem()),
                });
            }
        }
        Scope {
            folder: main.to_owned(),
            variables,
            env_files,
            unread: unread.into_iter().map(Rc::new).collect(),
            is_guess: false,
        }
    }
}

/// Evaluates the ports of a group's services.
struct PortScan<'a> {
    merged: &'a MergedFiles,
    project: &'a Project<'a>,
    /// The folder that Compose is run in.
    folder: &'a Path,
    is_guess: bool,
    /// Remainder of [`MAX_PORTS`].
    remaining: &'a mut usize,
    is_limit_noted: bool,
    result: &'a mut ScanResult,
    used: PortVariables,
}

impl PortScan<'_> {
    fn scan(&mut self, service: &ComposeService) {
        let count = self.merged.port_count(service);
        *self.remaining = self.remaining.saturating_sub(count);
        if *self.remaining == 0 {
            self.note_limit(service);
            return;
        }
        let has_host_network = self.merged.has_host_network(service);
        let mut names = PortNames::of(&service.name);
        for port in self.merged.ports(service) {
            self.add(&port, &mut names, has_host_network);
        }
    }

    fn note_limit(&mut self, service: &ComposeService) {
        if let Some(part) = service.parts.first()
            && !self.is_limit_noted
        {
            self.is_limit_noted = true;
            let file = &self.merged.sources[part.source].file.file;
            let note = format!("the rest is skipped because there are more than {MAX_PORTS} ports");
            self.result.note(file, None, note);
        }
    }

    fn add(&mut self, port: &PublishedPort, names: &mut PortNames, has_host_network: bool) {
        let source = &self.merged.sources[port.source];
        let scope = &source.scope;
        let variables = port.variables(&scope.variables.values);
        // A file that counts only with `-f` does not claim variables of env files.
        for file in scope
            .env_files
            .iter()
            .filter(|_| !self.is_guess && !variables.is_empty())
        {
            let used = self.used.entry(walk::normalized(file)).or_default();
            used.extend(variables.iter().cloned());
        }
        let is_uncertain = scope.is_uncertain(&port.text());
        if is_uncertain {
            for file in &scope.unread {
                let shown = walk::shown(&walk::normalized(&file.path), &self.project.root);
                self.result.note_unread(&shown, &file.error);
            }
        }
        let values = &scope.variables.values;
        let Some(mappings) = port.mappings(values, &source.file.file, self.result) else {
            return;
        };
        *self.remaining = self.remaining.saturating_sub(mappings.len());
        let is_range = mappings.len() > 1;
        for mapping in mappings {
            let Some(name) = names.name(mapping) else {
                continue;
            };
            let candidate = PortCandidate {
                service: name,
                port: mapping.host,
                guess: self.is_guess || has_host_network || is_uncertain || scope.is_guess,
                implied: false,
                origin: PortOrigin {
                    variables: variables.clone(),
                    env_file: Some(env_file(self.folder)),
                    range: is_range.then_some(mapping.container),
                    published: port.fixed_entry(mapping.host),
                    script: None,
                    ignores_port: false,
                },
            };
            let file = &source.file.file;
            self.result
                .add(file, FileKind::Compose, port.line, candidate);
        }
    }
}
