//! The services of Compose files, merged as Compose merges them (the Compose Specification, "Merge" and
//! "Extend").

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter;

use super::published::PublishedPort;
use crate::scan::ScanResult;
use crate::scan::walk::ProjectFile;
use crate::scan::yaml::{self, YamlNode};

/// The services of a file, or of several that are merged, in the order in which they come first.
#[derive(Default)]
pub(super) struct ComposeServices {
    pub(super) services: Vec<ComposeService>,
    /// Which of them has a name.
    numbers: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
pub(super) struct ComposeService {
    pub(super) name: String,
    pub(super) ports: Vec<PublishedPort>,
    /// Whether it shares the host's network, so that nothing is published; if anything is said of it.
    hosts_network: Option<bool>,
    /// What it does to the service of the same name in the files before.
    change: MergeMode,
    /// The same, to its ports.
    ports_change: MergeMode,
}

impl ComposeService {
    pub(super) fn has_hosts_network(&self) -> bool {
        self.hosts_network == Some(true)
    }
}

/// What an override does, by its tag.
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
    /// Those of one file. What is not followed is noted.
    pub(super) fn of(place: &ProjectFile, scan: &mut ScanResult) -> ComposeServices {
        let mut services = ComposeServices::default();
        let Some(text) = scan.read(place) else {
            return services;
        };
        match yaml::parse(&text) {
            Ok(documents) => {
                for document in &documents {
                    note_includes(document, place, scan);
                    services.add(0, ComposeServices::of_document(document, place, scan));
                }
            }
            Err(error) => scan.note(place, None, format!("cannot be read as YAML: {error}")),
        }
        services
    }

    fn of_document(
        document: &YamlNode,
        place: &ProjectFile,
        scan: &mut ScanResult,
    ) -> ComposeServices {
        let Some((_, services)) = document.get("services") else {
            return ComposeServices::default();
        };
        let file = ServiceTable::of(services);
        let services = services.entries().iter().map(|(name, _, item)| {
            note_extends(item, place, scan);
            let chain = file.chain(name);
            let ports = item.get("ports").map(|(_, ports)| ports);
            ComposeService {
                name: name.clone(),
                ports: ports_of(&chain),
                hosts_network: network_mode(&chain).map(|mode| mode == "host"),
                change: MergeMode::of(item),
                ports_change: ports.map_or(MergeMode::Add, MergeMode::of),
            }
        });
        services.collect()
    }

    /// Merges the services of a later file into these.
    pub(super) fn add(&mut self, file: usize, others: ComposeServices) {
        for mut other in others.services {
            for port in &mut other.ports {
                port.file = file;
            }
            let known = self.numbers.get(&other.name);
            let Some(service) = known.and_then(|&number| self.services.get_mut(number)) else {
                if other.change != MergeMode::Drop {
                    self.push(other);
                }
                continue;
            };
            match other.change {
                MergeMode::Drop => service.ports.clear(),
                MergeMode::Replace => *service = other,
                MergeMode::Add => {
                    if other.ports_change != MergeMode::Add {
                        service.ports.clear();
                    }
                    if other.ports_change != MergeMode::Drop {
                        service.ports.extend(other.ports);
                    }
                    service.hosts_network = other.hosts_network.or(service.hosts_network);
                }
            }
        }
    }

    fn push(&mut self, service: ComposeService) {
        self.numbers
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

/// The services of one file by their names.
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

    /// A service and those that it extends, as far as they are in this file, itself last.
    fn chain(&self, name: &str) -> Vec<&'a YamlNode> {
        /// Nobody goes further, but in a circle.
        const LONGEST: usize = 32;
        let first = self.services.get(name).copied();
        let extended = |service: &&'a YamlNode| {
            let name = extended(service)?;
            self.services.get(name).copied()
        };
        let chain = iter::successors(first, extended).take(LONGEST);
        let mut chain: Vec<&YamlNode> = chain.collect();
        // What comes round again counts once.
        let mut seen = BTreeSet::new();
        chain.retain(|service| seen.insert(std::ptr::from_ref(*service)));
        chain.reverse();
        chain
    }
}

/// The service of the same file that a service extends.
fn extended(service: &YamlNode) -> Option<&str> {
    let (_, extends) = service.get("extends")?;
    match extends.get("file") {
        Some(_) => None,
        None => extends.text().or_else(|| extends.get("service")?.1.text()),
    }
}

/// The ports of the services of a chain.
fn ports_of(chain: &[&YamlNode]) -> Vec<PublishedPort> {
    let mut published = Vec::new();
    let ports = chain.iter().filter_map(|service| service.get("ports"));
    for (_, ports) in ports {
        let change = MergeMode::of(ports);
        if change != MergeMode::Add {
            published.clear();
        }
        if change != MergeMode::Drop {
            published.extend(ports.items().iter().filter_map(PublishedPort::of));
        }
    }
    published
}

/// The last word on it.
fn network_mode<'a>(chain: &[&'a YamlNode]) -> Option<&'a str> {
    let modes = chain.iter().rev();
    let mut modes = modes.filter_map(|service| service.get("network_mode"));
    modes.next()?.1.text()
}

fn note_includes(document: &YamlNode, place: &ProjectFile, scan: &mut ScanResult) {
    let Some((_, include)) = document.get("include") else {
        return;
    };
    for item in include.items() {
        let path = item.get("path").map_or(item, |(_, path)| path);
        let first = path.items().first().unwrap_or(path);
        let path = first.text().unwrap_or("what it names");
        let note = format!("include is not followed: scan {path} itself");
        scan.note(place, Some(item.line), note);
    }
}

fn note_extends(service: &YamlNode, place: &ProjectFile, scan: &mut ScanResult) {
    let Some((line, extends)) = service.get("extends") else {
        return;
    };
    if let Some((_, file)) = extends.get("file") {
        let file = file.text().unwrap_or("another file");
        let note = format!("extends is not followed to another file: scan {file} itself");
        scan.note(place, Some(line), note);
    }
}
