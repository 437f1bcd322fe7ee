//! Compose files (the Compose Specification, <https://github.com/compose-spec/compose-spec>).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use port_registry::Port;

use super::interpolation::interpolate;
use super::mapping::{self, Mapping};
use super::walk::Place;
use super::yaml::{self, Item};
use super::{Environment, Found, Kind, Project, Scan};

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
    let texts = ports.flat_map(|port| port.syntax.into_texts());
    let used = texts.filter_map(|text| Some(interpolate(&text, &variables).ok()?.used));
    used.flatten().collect()
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

/// The names of a service's ports.
struct Names<'a> {
    service: &'a str,
    ports: BTreeSet<Port>,
    given: BTreeSet<String>,
}

impl Names<'_> {
    fn of(service: &str) -> Names<'_> {
        Names {
            service,
            ports: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }

    /// The name of the next port; none if it is there already, as with another address.
    fn name(&mut self, mapping: Mapping) -> Option<String> {
        if !self.ports.insert(mapping.host) {
            return None;
        }
        let service = self.service;
        let mut names = [
            service.to_owned(),
            format!("{service}-{}", mapping.container),
            format!("{service}-{}", mapping.host),
        ]
        .into_iter();
        names.find(|name| self.given.insert(name.clone()))
    }
}

/// The services of a file, or of several that are merged, in the order in which they come first.
#[derive(Default)]
struct Services {
    services: Vec<Service>,
}

#[derive(Clone, Debug)]
struct Service {
    name: String,
    ports: Vec<PublishedPort>,
    /// Whether it shares the host's network, so that nothing is published.
    has_hosts_network: bool,
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

/// An entry of `ports`.
#[derive(Clone, Debug)]
struct PublishedPort {
    /// The number of the file in its group.
    file: usize,
    line: usize,
    syntax: Syntax,
}

#[derive(Clone, Debug)]
enum Syntax {
    Short(String),
    Long {
        published: String,
        target: String,
        protocol: String,
    },
}

impl Syntax {
    fn into_texts(self) -> Vec<String> {
        match self {
            Syntax::Short(text) => vec![text],
            Syntax::Long {
                published, target, ..
            } => vec![published, target],
        }
    }
}

impl Services {
    /// Those of one file. What is not followed is noted.
    fn of(place: &Place, scan: &mut Scan) -> Services {
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
    fn add(&mut self, file: usize, others: Services) {
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
        ports.extend(own.items().iter().filter_map(published));
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

/// An entry of `ports`, if it may publish one.
fn published(item: &Item) -> Option<PublishedPort> {
    let text = |key: &str| {
        let item = item.get(key).map(|(_, item)| item);
        let text = item.and_then(Item::text).unwrap_or_default();
        text.to_owned()
    };
    let (line, syntax) = if let Some(text) = item.text() {
        (item.line, Syntax::Short(text.to_owned()))
    } else {
        let (_, published) = item.get("published")?;
        let syntax = Syntax::Long {
            published: text("published"),
            target: text("target"),
            protocol: text("protocol"),
        };
        (published.line, syntax)
    };
    Some(PublishedPort {
        file: 0,
        line,
        syntax,
    })
}

impl PublishedPort {
    /// What it publishes, or a note why that cannot be told.
    fn mappings(
        &self,
        variables: &Environment,
        place: &Place,
        scan: &mut Scan,
    ) -> Option<Vec<Mapping>> {
        let mut missing = Vec::new();
        let mut replaced = |text: &str| {
            let interpolated = interpolate(text, variables).ok()?;
            missing.extend(interpolated.missing);
            Some(interpolated.text)
        };
        let (shown, mappings) = match &self.syntax {
            Syntax::Short(text) => {
                let mappings = replaced(text).and_then(|text| mapping::parse(&text).ok());
                (text, mappings)
            }
            Syntax::Long {
                published,
                target,
                protocol,
            } => {
                let mappings = replaced(published).and_then(|published| {
                    mapping::of(&published, &replaced(target)?, &replaced(protocol)?).ok()
                });
                (published, mappings)
            }
        };
        let is_found = mappings.as_ref().is_some_and(|it| !it.is_empty());
        if !is_found && let Some(variable) = missing.first() {
            let note = format!("{shown}: {variable} is not set, so it is no fixed port");
            scan.note(place, Some(self.line), note);
            return None;
        }
        if mappings.is_none() {
            scan.note(place, Some(self.line), format!("{shown} is not a port"));
        }
        mappings
    }
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
