//! The entries of `ports` in a Compose file.

use std::borrow::Cow;
use std::collections::BTreeSet;

use port_registry::Port;

use crate::scan::fixed_port::FixedEntry;
use crate::scan::interpolation::interpolate;
use crate::scan::port_mapping::{self, PortMapping};
use crate::scan::project_file::ProjectFile;
use crate::scan::result::ScanResult;
use crate::scan::variables::{MAX_VARIABLES, Variables, mentioned_in, with_port};
use crate::scan::yaml::YamlNode;

/// Limit for the ports of one entry.
const MAX_PORTS: usize = 1000;

/// An entry of `ports`.
#[derive(Clone, Debug)]
pub(super) struct PublishedPort {
    /// Index of its file in the sources.
    pub(super) source: usize,
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
    /// Reads an entry of `ports`. Returns `None` for the long syntax without `published`.
    pub(super) fn of(item: &YamlNode, source: usize) -> Option<PublishedPort> {
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
            source,
            line,
            syntax,
        })
    }

    /// Finds the variables that set the host port, as opposed to variables of an address. Each is set to a trial
    /// value; it counts if that is then the entry's only host port. Outer ones come before those in their defaults.
    pub(super) fn variables(&self, variables: &Variables) -> Vec<String> {
        /// Any valid port.
        const TRIAL: &str = "1";
        let text = match &self.syntax {
            PortSyntax::Short(text) => text,
            PortSyntax::Long { published, .. } => published,
        };
        let variables = &mentioned_in(variables, &self.text());
        let used = interpolate(text, variables).map_or_else(|_| Vec::new(), |it| it.used);
        let mut seen = BTreeSet::new();
        let used = used.into_iter().filter(|it| seen.insert(it.clone()));
        let colons = |variables: &Variables| {
            let interpolated = interpolate(text, variables).ok()?;
            Some(interpolated.text.matches(':').count())
        };
        let is_port = |name: &String| {
            let trial = with_port(variables, name, TRIAL);
            let hosts = self.interpolated(&trial).1;
            let mut hosts = hosts.into_iter().flatten().map(|it| it.host.to_string());
            // One that holds an address as well must not become a port alone, which all addresses publish.
            let mut without = variables.clone();
            without.remove(name);
            let others = [variables, &without].into_iter().filter_map(colons);
            let has_address = others.into_iter().any(|it| Some(it) != colons(&trial));
            !has_address && hosts.next().as_deref() == Some(TRIAL) && hosts.next().is_none()
        };
        used.take(MAX_VARIABLES).filter(is_port).collect()
    }

    /// Returns the ports that the entry publishes while these of its variables are not set. If they have no default, one of
    /// them is set to a trial value, which differs by the index of the entry.
    pub(super) fn usual_mappings(
        &self,
        variables: &Variables,
        own: &[String],
        index: usize,
    ) -> Vec<PortMapping> {
        let mut usual = mentioned_in(variables, &self.text());
        usual.retain(|name, _| !own.contains(name));
        let trial = own.first().map(|name| {
            let port = u16::MAX - u16::try_from(index).unwrap_or(0);
            with_port(&usual, name, &port.to_string())
        });
        let tries = [Some(usual), trial];
        let mut tries = tries.into_iter().flatten().filter_map(|it| {
            let mappings = self.interpolated(&it).1?;
            Some(mappings).filter(|it| !it.is_empty() && it.len() <= MAX_PORTS)
        });
        tries.next().unwrap_or_default()
    }

    /// The texts of the entry.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match &self.syntax {
            PortSyntax::Short(text) => Cow::from(text),
            PortSyntax::Long {
                published,
                target,
                protocol,
            } => Cow::from(format!("{published} {target} {protocol}")),
        }
    }

    /// Returns the entry around its host port, if it is written as this number.
    pub(super) fn fixed_entry(&self, port: Port) -> Option<FixedEntry> {
        let (before, host, behind) = match &self.syntax {
            PortSyntax::Short(text) => {
                let ports = text.split_once('/').map_or(&**text, |(ports, _)| ports);
                let (hosts, _) = ports.rsplit_once(':')?;
                let at = hosts.rfind(':').map_or(0, |it| it + 1);
                (&text[..at], &hosts[at..], &text[hosts.len()..])
            }
            PortSyntax::Long { published, .. } => ("", &**published, ""),
        };
        (host == port.to_string()).then(|| FixedEntry {
            before: before.to_owned(),
            behind: behind.to_owned(),
        })
    }

    /// Interpolates and parses the entry. Returns the variables that are not set, and `None` for the mappings if the
    /// entry is malformed.
    fn interpolated(&self, variables: &Variables) -> (Vec<String>, Option<Vec<PortMapping>>) {
        let mut missing = Vec::new();
        let mut replaced = |text: &str| {
            let interpolated = interpolate(text, variables).ok()?;
            missing.extend(interpolated.missing);
            Some(interpolated.text)
        };
        let mappings = match &self.syntax {
            PortSyntax::Short(text) => {
                replaced(text).and_then(|text| port_mapping::parse(&text).ok())
            }
            PortSyntax::Long {
                published,
                target,
                protocol,
            } => replaced(published).and_then(|published| {
                port_mapping::of(&published, &replaced(target)?, &replaced(protocol)?).ok()
            }),
        };
        (missing, mappings)
    }

    /// Returns the ports that the entry publishes, or notes why they are not known.
    pub(super) fn mappings(
        &self,
        variables: &Variables,
        file: &ProjectFile,
        result: &mut ScanResult,
    ) -> Option<Vec<PortMapping>> {
        let (missing, mappings) = self.interpolated(variables);
        let shown = match &self.syntax {
            PortSyntax::Short(text) => text,
            PortSyntax::Long { published, .. } => published,
        };
        if mappings.as_ref().is_some_and(|it| it.len() > MAX_PORTS) {
            let note = format!("{shown}: skipped because it publishes more than {MAX_PORTS} ports");
            result.note(file, Some(self.line), note);
            return None;
        }
        let is_found = mappings.as_ref().is_some_and(|it| !it.is_empty());
        if !is_found && let Some(variable) = missing.first() {
            let note = format!("{shown}: skipped because {variable} is not set");
            result.note(file, Some(self.line), note);
            return None;
        }
        if mappings.is_none() {
            result.note(
                file,
                Some(self.line),
                format!("{shown} is not a valid port"),
            );
        }
        mappings
    }
}
