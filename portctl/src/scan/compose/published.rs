//! The entries of `ports`, and the names of what they publish.

use std::collections::BTreeSet;

use port_registry::Port;

use crate::scan::interpolation::interpolate;
use crate::scan::mapping::{self, PortMapping};
use crate::scan::walk::ProjectFile;
use crate::scan::yaml::YamlNode;
use crate::scan::{MOST_VARIABLES, ScanResult, Variables, with_port};

/// Ports of one entry.
const MOST: usize = 1000;

/// An entry of `ports`.
#[derive(Clone, Debug)]
pub(super) struct PublishedPort {
    /// The number of the file in its group.
    pub(super) file: usize,
    pub(super) line: usize,
    syntax: PortSyntax,
}

#[derive(Clone, Debug)]
enum PortSyntax {
    Short(String),
    Long {
        published: String,
        target: String,
        protocol: String,
    },
}

impl PublishedPort {
    /// An entry of `ports`, if it may publish one.
    pub(super) fn of(item: &YamlNode) -> Option<PublishedPort> {
        let text = |key: &str| {
            let item = item.get(key).map(|(_, item)| item);
            let text = item.and_then(YamlNode::text).unwrap_or_default();
            text.to_owned()
        };
        let (line, syntax) = if let Some(text) = item.text() {
            (item.line, PortSyntax::Short(text.to_owned()))
        } else {
            let (_, published) = item.get("published")?;
            let syntax = PortSyntax::Long {
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

    /// The variables each of which is the port, if it is set: not those of an address, say.
    pub(super) fn variables(&self, variables: &Variables) -> Vec<String> {
        /// Whichever it is.
        const TRIAL: &str = "1";
        let text = match &self.syntax {
            PortSyntax::Short(text) => text,
            PortSyntax::Long { published, .. } => published,
        };
        let used = interpolate(text, variables).map_or_else(|_| Vec::new(), |it| it.used);
        let used: BTreeSet<String> = used.into_iter().collect();
        let is_port = |name: &String| {
            let hosts = self.published(&with_port(variables, name, TRIAL)).1;
            let mut hosts = hosts.into_iter().flatten().map(|it| it.host.to_string());
            hosts.next().as_deref() == Some(TRIAL) && hosts.next().is_none()
        };
        let used = used.into_iter().take(MOST_VARIABLES);
        used.filter(is_port).collect()
    }

    /// The variables that are not set, and what it publishes with these, if that makes sense.
    fn published(&self, variables: &Variables) -> (Vec<String>, Option<Vec<PortMapping>>) {
        let mut missing = Vec::new();
        let mut replaced = |text: &str| {
            let interpolated = interpolate(text, variables).ok()?;
            missing.extend(interpolated.missing);
            Some(interpolated.text)
        };
        let mappings = match &self.syntax {
            PortSyntax::Short(text) => replaced(text).and_then(|text| mapping::parse(&text).ok()),
            PortSyntax::Long {
                published,
                target,
                protocol,
            } => replaced(published).and_then(|published| {
                mapping::of(&published, &replaced(target)?, &replaced(protocol)?).ok()
            }),
        };
        (missing, mappings)
    }

    /// What it publishes, or a note why that cannot be told.
    pub(super) fn mappings(
        &self,
        variables: &Variables,
        place: &ProjectFile,
        scan: &mut ScanResult,
    ) -> Option<Vec<PortMapping>> {
        let (missing, mappings) = self.published(variables);
        let shown = match &self.syntax {
            PortSyntax::Short(text) => text,
            PortSyntax::Long { published, .. } => published,
        };
        if mappings.as_ref().is_some_and(|it| it.len() > MOST) {
            let note = format!("{shown}: more than {MOST} ports are not looked at");
            scan.note(place, Some(self.line), note);
            return None;
        }
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

/// The names of a service's ports.
pub(super) struct PortNames<'a> {
    service: &'a str,
    ports: BTreeSet<Port>,
    given: BTreeSet<String>,
}

impl PortNames<'_> {
    pub(super) fn of(service: &str) -> PortNames<'_> {
        PortNames {
            service,
            ports: BTreeSet::new(),
            given: BTreeSet::new(),
        }
    }

    /// The name of the next port; none if it is there already, as with another address.
    pub(super) fn name(&mut self, mapping: PortMapping) -> Option<String> {
        if !self.ports.insert(mapping.host) {
            return None;
        }
        let service = self.service;
        let mut names = [
            service.to_owned(),
            format!("{service}-{}", mapping.container),
            format!("{service}-{}", mapping.host),
            format!("{service}-{}-{}", mapping.host, mapping.container),
        ]
        .into_iter();
        names.find(|name| self.given.insert(name.clone()))
    }
}
