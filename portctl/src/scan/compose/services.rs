//! The services of Compose files, merged as Compose merges them (the Compose Specification, "Merge" and
//! "Extend").

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

use super::published_port::PublishedPort;
use crate::scan::project_file::ProjectFile;
use crate::scan::result::ScanResult;
use crate::scan::yaml::{self, YamlNode};

/// The services of one file or of several merged files, in order of first appearance.
#[derive(Default)]
pub(super) struct ComposeServices {
    pub(super) services: Vec<ComposeService>,
    /// Indexes into `services`, by name.
    indexes: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
pub(super) struct ComposeService {
    pub(super) name: String,
    pub(super) ports: Vec<PublishedPort>,
    /// `network_mode` is `host`, so `ports` is ignored. `None` if the service does not set `network_mode`.
    host_network: Option<bool>,
    /// Mode for merging the service into that of earlier files.
    merge_mode: MergeMode,
    /// Mode for merging `ports` into those of earlier files.
    ports_merge_mode: MergeMode,
}

impl ComposeService {
    pub(super) fn has_host_network(&self) -> bool {
        self.host_network == Some(true)
    }
}

/// Effect of an override on the value that it overrides, set by its YAML tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MergeMode {
    Add,
    /// `!override`
    Replace,
    /// `!reset`
    Drop,
}

impl MergeMode {
    fn of(item: &YamlNode) -> MergeMode {
        if item.has_tag("!reset") {
            MergeMode::Drop
        } else if item.has_tag("!override") {
            MergeMode::Replace
        } else {
            MergeMode::Add
        }
    }
}

impl ComposeServices {
    /// Reads the services of one file. Notes references to other files, which are not followed.
    pub(super) fn of(file: &ProjectFile, result: &mut ScanResult) -> ComposeServices {
        let mut services = ComposeServices::default();
        let Some(text) = result.read(file) else {
            return services;
        };
        match yaml::parse(&text) {
            Ok(documents) => {
                for document in &documents {
                    note_includes(document, file, result);
                    services.add(0, ComposeServices::of_document(document, file, result));
                }
            }
            Err(error) => result.note(file, None, format!("cannot be read as YAML: {error}")),
        }
        services
    }

    fn of_document(
        document: &YamlNode,
        file: &ProjectFile,
        result: &mut ScanResult,
    ) -> ComposeServices {
        let Some((_, services)) = document.get("services") else {
            return ComposeServices::default();
        };
        let table = ServiceTable::of(services);
        let services = services.entries().iter().map(|(name, _, item)| {
            note_extends(item, file, result);
            let chain = table.chain(name);
            let ports = item.get("ports").map(|(_, ports)| ports);
            ComposeService {
                name: name.clone(),
                ports: ports_of(&chain),
                host_network: network_mode(&chain).map(|mode| mode == "host"),
                merge_mode: MergeMode::of(item),
                ports_merge_mode: ports.map_or(MergeMode::Add, MergeMode::of),
            }
        });
        services.collect()
    }

    /// Merges the services of a later file, which has this index in its group.
    pub(super) fn add(&mut self, file_index: usize, others: ComposeServices) {
        for mut other in others.services {
            for port in &mut other.ports {
                port.file = file_index;
            }
            let known = self.indexes.get(&other.name);
            let Some(service) = known.and_then(|&index| self.services.get_mut(index)) else {
                if other.merge_mode != MergeMode::Drop {
                    self.push(other);
                }
                continue;
            };
            match other.merge_mode {
                MergeMode::Drop => service.ports.clear(),
                MergeMode::Replace => *service = other,
                MergeMode::Add => {
                    if other.ports_merge_mode != MergeMode::Add {
                        service.ports.clear();
                    }
                    if other.ports_merge_mode != MergeMode::Drop {
                        service.ports.extend(other.ports);
                    }
                    service.host_network = other.host_network.or(service.host_network);
                }
            }
        }
    }

    fn push(&mut self, service: ComposeService) {
        self.indexes
            .insert(service.name.clone(), self.services.len());
        self.services.push(service);
    }
}

impl FromIterator<ComposeService> for ComposeServices {
    fn from_iter<I: IntoIterator<Item = ComposeService>>(services: I) -> ComposeServices {
        let mut all = ComposeServices::default();
        services.into_iter().for_each(|service| all.push(service));
        all
    }
}

/// The services of one file, by name.
struct ServiceTable<'a> {
    services: BTreeMap<&'a str, &'a YamlNode>,
}

impl<'a> ServiceTable<'a> {
    fn of(services: &'a YamlNode) -> ServiceTable<'a> {
        let entries = services.entries().iter();
        ServiceTable {
            services: entries.map(|(name, _, item)| (&**name, item)).collect(),
        }
    }

    /// Returns a service with those of this file that it extends, the service itself last.
    fn chain(&self, name: &str) -> Vec<&'a YamlNode> {
        /// Ends a circular `extends`; real chains are far shorter.
        const MAX_LENGTH: usize = 32;
        let first = self.services.get(name).copied();
        let extended = |service: &&'a YamlNode| {
            let name = extended(service)?;
            self.services.get(name).copied()
        };
        let chain = iter::successors(first, extended).take(MAX_LENGTH);
        let mut chain: Vec<&YamlNode> = chain.collect();
        // In a circle, each service counts once.
        let mut seen = BTreeSet::new();
        chain.retain(|service| seen.insert(std::ptr::from_ref(*service)));
        chain.reverse();
        chain
    }
}

/// Returns the name of the service in the same file that a service extends.
fn extended(service: &YamlNode) -> Option<&str> {
    let (_, extends) = service.get("extends")?;
    match extends.get("file") {
        Some(_) => None,
        None => extends.text().or_else(|| extends.get("service")?.1.text()),
    }
}

/// Merges the ports along a chain of `extends`.
fn ports_of(chain: &[&YamlNode]) -> Vec<PublishedPort> {
    let mut published = Vec::new();
    let ports = chain.iter().filter_map(|service| service.get("ports"));
    for (_, ports) in ports {
        let merge_mode = MergeMode::of(ports);
        if merge_mode != MergeMode::Add {
            published.clear();
        }
        if merge_mode != MergeMode::Drop {
            published.extend(ports.items().iter().filter_map(PublishedPort::of));
        }
    }
    published
}

/// Returns the `network_mode` that takes precedence in a chain of `extends`.
fn network_mode<'a>(chain: &[&'a YamlNode]) -> Option<&'a str> {
    let modes = chain.iter().rev();
    let mut modes = modes.filter_map(|service| service.get("network_mode"));
    modes.next()?.1.text()
}

fn note_includes(document: &YamlNode, file: &ProjectFile, result: &mut ScanResult) {
    let Some((_, include)) = document.get("include") else {
        return;
    };
    for item in include.items() {
        let path = item.get("path").map_or(item, |(_, path)| path);
        let first = path.items().first().unwrap_or(path);
        let path = first.text().unwrap_or("that file");
        let note = format!("include is not followed; scan {path} on its own");
        result.note(file, Some(item.line), note);
    }
}

fn note_extends(service: &YamlNode, file: &ProjectFile, result: &mut ScanResult) {
    let Some((line, extends)) = service.get("extends") else {
        return;
    };
    if let Some((_, extended)) = extends.get("file") {
        let extended = extended.text().unwrap_or("that file");
        let note = format!("extends does not follow other files; scan {extended} on its own");
        result.note(file, Some(line), note);
    }
}
