//! The services of Compose files, merged as Compose merges them (the Compose Specification, "Merge", "Include" and
//! "Extend").

use std::collections::HashMap;
use std::rc::Rc;

use super::file::ComposeFile;
use super::published_port::PublishedPort;
use super::scope::Scope;
use crate::scan::yaml::YamlNode;

/// A file that takes part in a project.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: Rc<ComposeFile>,
    pub(super) scope: Rc<Scope>,
    /// The whole file counts, not only services that others extend.
    pub(super) is_main: bool,
}

/// The merged files of a project.
#[derive(Debug, Default)]
pub(super) struct MergedFiles {
    pub(super) sources: Vec<Source>,
    /// In order of first appearance.
    pub(super) services: Vec<ComposeService>,
    /// Indexes into `services`, by name.
    indexes: HashMap<String, usize>,
}

/// A service: the places that define it, later ones overriding earlier ones.
#[derive(Clone, Debug)]
pub(super) struct ComposeService {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
}

/// A mapping that defines a service, or one that it extends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Index into the sources.
    pub(super) source: usize,
    pub(super) document: usize,
    /// Index of the service in its document.
    pub(super) service: usize,
    pub(super) role: Role,
}

/// The place of a part in a chain of `extends`, which ends with the service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The service that all others of the chain extend.
    First,
    Extended,
    /// The service itself.
    Own {
        is_first: bool,
    },
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

impl MergedFiles {
    pub(super) fn node(&self, part: Part) -> &YamlNode {
        let documents = &self.sources[part.source].file.documents;
        &documents[part.document].services()[part.service].2
    }

    /// Merges a service of a later file, by its chain of `extends`.
    pub(super) fn add(&mut self, name: &str, chain: Vec<Part>) {
        let Some(own) = chain.last() else {
            return;
        };
        let merge_mode = MergeMode::of(self.node(*own));
        let known = self.indexes.get(name);
        match known.and_then(|&index| self.services.get_mut(index)) {
            Some(service) if merge_mode == MergeMode::Add => service.parts.extend(chain),
            Some(service) if merge_mode == MergeMode::Replace => service.parts = chain,
            Some(service) => service.parts.clear(),
            None if merge_mode == MergeMode::Drop => {}
            None => {
                self.indexes.insert(name.to_owned(), self.services.len());
                self.services.push(ComposeService {
                    name: name.to_owned(),
                    parts: chain,
                });
            }
        }
    }

    /// Adds a service of an included project. Returns false if there is another one of that name, which Compose refuses.
    pub(super) fn import(&mut self, service: ComposeService) -> bool {
        let known = self.indexes.get(&service.name);
        let Some(known) = known.and_then(|&index| self.services.get(index)) else {
            self.indexes
                .insert(service.name.clone(), self.services.len());
            self.services.push(service);
            return true;
        };
        // Two entries of `include` may lead to one file.
        let place = |part: &Part| {
            let file = Rc::as_ptr(&self.sources[part.source].file);
            (file, part.document, part.service)
        };
        known
            .parts
            .iter()
            .map(place)
            .eq(service.parts.iter().map(place))
    }

    /// Returns the parts of a service with their values of a key, or `None` for parts without it.
    pub(super) fn values<'a>(
        &'a self,
        service: &'a ComposeService,
        key: &'a str,
    ) -> impl DoubleEndedIterator<Item = (Part, Option<&'a YamlNode>)> {
        let parts = service.parts.iter();
        parts.map(move |part| (*part, self.node(*part).get(key).map(|(_, value)| value)))
    }

    /// Returns the interpolated text of a key, from the part that takes precedence.
    pub(super) fn text(&self, service: &ComposeService, key: &str) -> Option<String> {
        let mut values = self.values(service, key).rev();
        let (part, value) = values.find_map(|(part, value)| Some((part, value?)))?;
        if value.has_tag("!reset") {
            return None;
        }
        let scope = &self.sources[part.source].scope;
        value.text().map(|text| scope.interpolated(text))
    }

    /// Merges the lists of a key.
    pub(super) fn list<'a, T>(
        &'a self,
        service: &'a ComposeService,
        key: &'a str,
        entries: impl Fn(Part, &'a YamlNode) -> Vec<T>,
    ) -> Vec<T> {
        let mut list = Vec::new();
        let mut start = 0;
        for (part, value) in self.values(service, key) {
            let is_own = match part.role {
                Role::First => {
                    start = list.len();
                    false
                }
                Role::Extended => false,
                Role::Own { is_first } => {
                    if is_first {
                        start = list.len();
                    }
                    true
                }
            };
            let Some(value) = value else {
                continue;
            };
            let merge_mode = MergeMode::of(value);
            if merge_mode != MergeMode::Add {
                // The tag of an extended service reaches those that it extends, but not an earlier file.
                list.truncate(if is_own { 0 } else { start });
            }
            if merge_mode != MergeMode::Drop {
                list.extend(entries(part, value));
            }
        }
        list
    }

    pub(super) fn has_host_network(&self, service: &ComposeService) -> bool {
        self.text(service, "network_mode").as_deref() == Some("host")
    }

    /// Counts the entries that [`MergedFiles::ports`] reads.
    pub(super) fn port_count(&self, service: &ComposeService) -> usize {
        let values = self.values(service, "ports");
        values
            .map(|(_, ports)| ports.map_or(0, |it| it.items().len()))
            .sum()
    }

    pub(super) fn ports(&self, service: &ComposeService) -> Vec<PublishedPort> {
        self.list(service, "ports", |part, ports| {
            let ports = ports.items().iter();
            ports
                .filter_map(|item| PublishedPort::of(item, part.source))
                .collect()
        })
    }
}
