//! The services of Compose files, merged as Compose merges them (the Compose Specification, "Merge" and
//! "Extend").

use std::collections::BTreeSet;

use super::published::PublishedPort;
use crate::scan::Scan;
use crate::scan::walk::Place;
use crate::scan::yaml::{self, Item};

/// The services of a file, or of several that are merged, in the order in which they come first.
#[derive(Default)]
pub(super) struct Services {
    pub(super) services: Vec<Service>,
}

#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) ports: Vec<PublishedPort>,
    /// Whether it shares the host's network, so that nothing is published.
    pub(super) has_hosts_network: bool,
    /// What it does to the service of the same name in the files before.
    change: Change,
    /// The same, to its ports.
    ports_change: Change,
}

/// What an override does, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    /// `!override`
    Replace,
    /// `!reset`
    Drop,
}

impl Change {
    fn of(item: &Item) -> Change {
        if item.has_tag("!reset") {
            Change::Drop
        } else if item.has_tag("!override") {
            Change::Replace
        } else {
            Change::Add
        }
    }
}

impl Services {
    /// Those of one file. What is not followed is noted.
    pub(super) fn of(place: &Place, scan: &mut Scan) -> Services {
        let mut services = Services::default();
        let Some(text) = scan.read(place) else {
            return services;
        };
        match yaml::parse(&text) {
            Ok(documents) => {
                for document in &documents {
                    note_includes(document, place, scan);
                    services.add(0, Services::of_document(document, place, scan));
                }
            }
            Err(error) => scan.note(place, None, format!("cannot be read as YAML: {error}")),
        }
        services
    }

    fn of_document(document: &Item, place: &Place, scan: &mut Scan) -> Services {
        let Some((_, services)) = document.get("services") else {
            return Services::default();
        };
        let services = services.entries().iter().map(|(name, _, item)| {
            let mut ports = Vec::new();
            collect_ports(services, name, &mut BTreeSet::new(), &mut ports);
            note_extends(item, place, scan);
            Service {
                name: name.clone(),
                ports,
                has_hosts_network: network_mode(services, name) == Some("host"),
                change: Change::of(item),
                ports_change: item
                    .get("ports")
                    .map_or(Change::Add, |(_, it)| Change::of(it)),
            }
        });
        Services {
            services: services.collect(),
        }
    }

    /// Merges the services of a later file into these.
    pub(super) fn add(&mut self, file: usize, others: Services) {
        for mut other in others.services {
            for port in &mut other.ports {
                port.file = file;
            }
            let known = self.services.iter_mut().find(|it| it.name == other.name);
            let Some(service) = known else {
                if other.change != Change::Drop {
                    self.services.push(other);
                }
                continue;
            };
            match other.change {
                Change::Drop => service.ports.clear(),
                Change::Replace => *service = other,
                Change::Add => {
                    if other.ports_change != Change::Add {
                        service.ports.clear();
                    }
                    if other.ports_change != Change::Drop {
                        service.ports.extend(other.ports);
                    }
                    service.has_hosts_network |= other.has_hosts_network;
                }
            }
        }
    }
}

/// The service of the same file that a service extends.
fn extended<'a>(services: &'a Item, name: &str) -> Option<&'a str> {
    let (_, service) = services.get(name)?;
    let (_, extends) = service.get("extends")?;
    match extends.get("file") {
        Some(_) => None,
        None => extends.text().or_else(|| extends.get("service")?.1.text()),
    }
}

/// The ports of a service, those of the one that it extends first.
fn collect_ports<'a>(
    services: &'a Item,
    name: &'a str,
    seen: &mut BTreeSet<&'a str>,
    ports: &mut Vec<PublishedPort>,
) {
    if !seen.insert(name) {
        return;
    }
    if let Some(extended) = extended(services, name) {
        collect_ports(services, extended, seen, ports);
    }
    let own = services
        .get(name)
        .and_then(|(_, service)| service.get("ports"));
    if let Some((_, own)) = own {
        match Change::of(own) {
            Change::Add => {}
            Change::Replace => ports.clear(),
            Change::Drop => return ports.clear(),
        }
        ports.extend(own.items().iter().filter_map(PublishedPort::of));
    }
}

fn network_mode<'a>(services: &'a Item, name: &'a str) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    let mut name = name;
    while seen.insert(name) {
        let (_, service) = services.get(name)?;
        if let Some((_, mode)) = service.get("network_mode") {
            return mode.text();
        }
        name = extended(services, name)?;
    }
    None
}

fn note_includes(document: &Item, place: &Place, scan: &mut Scan) {
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

fn note_extends(service: &Item, place: &Place, scan: &mut Scan) {
    let Some((line, extends)) = service.get("extends") else {
        return;
    };
    if let Some((_, file)) = extends.get("file") {
        let file = file.text().unwrap_or("another file");
        let note = format!("extends is not followed to another file: scan {file} itself");
        scan.note(place, Some(line), note);
    }
}
